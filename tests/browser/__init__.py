"""What only a browser can tell: pages with their scripts and headers, and whether everybody can use them."""
