"""Parts of long lists: by number for pages (list_page), from a place that holds still elsewhere (cursors)."""
