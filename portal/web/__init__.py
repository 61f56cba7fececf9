"""What all pages share: the ways in, where to go on, dialogs and forms."""
