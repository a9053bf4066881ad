import pytest

from libs.labels.cfpb import label_for_product


@pytest.mark.parametrize(
    ("product", "label_name"),
    [
        ("Mortgage", "mortgages_and_loans"),
        ("Student loan", "mortgages_and_loans"),
        ("Vehicle loan or lease", "mortgages_and_loans"),
        ("Consumer Loan", "mortgages_and_loans"),
        ("Payday loan", "mortgages_and_loans"),
        ("Payday loan, title loan, or personal loan", "mortgages_and_loans"),
        ("Credit card", "credit_card"),
        ("Credit card or prepaid card", "credit_card"),
        ("Prepaid card", "credit_card"),
        ("Bank account or service", "retail_banking"),
        ("Checking or savings account", "retail_banking"),
        ("Money transfers", "retail_banking"),
        ("Money transfer, virtual currency, or money service", "retail_banking"),
        ("Virtual currency", "retail_banking"),
        ("Credit reporting", "credit_reporting"),
        ("Credit reporting or other personal consumer reports", "credit_reporting"),
        ("Debt collection", "debt_collection"),
        ("  debt COLLECTION ", "debt_collection"),
        ("retail_banking", "retail_banking"),
    ],
)
def test_a_cfpb_product_maps_onto_its_label(product: str, label_name: str) -> None:
    assert label_for_product(product) == label_name


@pytest.mark.parametrize("product", ["Other financial service", "Debt or credit management", ""])
def test_a_product_outside_the_mapping_has_no_label(product: str) -> None:
    assert label_for_product(product) is None
