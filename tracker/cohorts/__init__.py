"""What cohorts may ask about usage."""
