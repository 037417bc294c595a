"""Push on its way out: encrypted for a browser, or given to Google's or Apple's service for a phone."""
