"""What the executor promises, whatever schema it runs."""
