"""What ten thousand subscribers cost: memory, time from a commit in the SIS to its receipt, and readers who stall."""
