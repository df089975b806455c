"""Monthly recurring revenue from subscription lines: pure functions, no clock, no queries.

`compute` (report.py) answers everything at once; `Book` (book.py) is the prepared input for drill-downs.
"""
