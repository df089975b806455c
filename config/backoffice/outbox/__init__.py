"""What leaves this install: e-mails and webhooks, written in the transaction of what they tell, sent by jobs."""
