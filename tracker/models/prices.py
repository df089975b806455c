"""What AI providers charge, entered by staff: the product ships no prices, they change and differ by contract."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

PRICE = {"max_digits": 16, "decimal_places": 6, "validators": [MinValueValidator(0)]}


class Price(models.Model):
    """Of a million tokens of one model from a day on, until the next row of the same model begins."""

    provider = models.CharField(max_length=100, help_text="As the events send it, for example openai.")
    model = models.CharField(max_length=150, help_text="As the events send it.")
    request_type = models.CharField(
        max_length=100, blank=True, help_text="Empty: every request type without a price of its own."
    )
    input_per_million = models.DecimalField("1 000 000 input tokens", **PRICE)
    output_per_million = models.DecimalField("1 000 000 output tokens", **PRICE)
    currency = models.CharField(
        max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}$", "Write three capitals, like EUR.")]
    )
    valid_from = models.DateField(help_text="First day, in the reporting zone.")

    class Meta:
        ordering = ["provider", "model", "request_type", "-valid_from"]
        verbose_name = "AI price"
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "model", "request_type", "valid_from"],
                name="one_price_a_model_and_day",
                violation_error_message="This model has a price from that day on already. Change that one.",
            ),
            models.CheckConstraint(
                condition=Q(input_per_million__gte=0, output_per_million__gte=0),
                name="price_is_not_negative",
                violation_error_message="A price is 0 or more.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.model}{f' {self.request_type}' if self.request_type else ''}"
