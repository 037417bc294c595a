"""Online registration: what families fill in for the coming year, checked and drawn by the district's own form."""
