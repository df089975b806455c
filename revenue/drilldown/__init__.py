"""What the numbers of the revenue pages were counted from: each number opens a list whose total it is.

`listing` (what every list has) · `months` (organizations of a month) · `organizations` (one organization's month,
the days of a month) · `cohorts` · `lines` (subscription lines) · `ahead` (renewals, scheduled changes) · `overview`
(months, cohorts, churn of half a year).
"""
