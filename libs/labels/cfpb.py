"""Maps the product names of the CFPB complaint database onto the label schema."""

from libs.labels.schema import LABEL_SCHEMA

_LABEL_BY_PRODUCT = {
    "mortgage": "mortgages_and_loans",
    "student loan": "mortgages_and_loans",
    "vehicle loan or lease": "mortgages_and_loans",
    "consumer loan": "mortgages_and_loans",
    "credit card": "credit_card",
    "credit card or prepaid card": "credit_card",
    "prepaid card": "credit_card",
    "bank account or service": "retail_banking",
    "checking or savings account": "retail_banking",
    "virtual currency": "retail_banking",
}

# The bureau renamed these products over the years; every name of a family starts the same way.
_LABEL_BY_PREFIX = {
    "credit reporting": "credit_reporting",
    "debt collection": "debt_collection",
    "payday loan": "mortgages_and_loans",
    "money transfer": "retail_banking",
}


def label_for_product(product: str) -> str | None:
    """Return the label name of a CFPB product or of a label's own name, None when it has none.

    Case and surrounding space do not matter. A product outside the mapping is for the caller to
    count and report, never to guess.
    """
    key = product.strip().lower()
    if key in LABEL_SCHEMA.names:
        return key
    if key in _LABEL_BY_PRODUCT:
        return _LABEL_BY_PRODUCT[key]
    for prefix, label_name in _LABEL_BY_PREFIX.items():
        if key.startswith(prefix):
            return label_name
    return None
