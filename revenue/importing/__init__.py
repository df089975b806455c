"""The subscriptions import: rows to lines, lines against the books, the money question, the set-wise write."""
