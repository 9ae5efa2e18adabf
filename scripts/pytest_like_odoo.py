"""pytest plugin for scripts/test: what Odoo's own test runner does and pytest-odoo leaves out."""


def pytest_collection_modifyitems(items):
    """Give classes the parameters of --test-tags (none), and run a class only where it is written, not imported."""
    kept = []
    for item in items:
        test_class = getattr(item, "cls", None)
        if test_class and test_class.__module__ != item.module.__name__:
            continue
        if test_class and not hasattr(test_class, "_test_params"):
            test_class._test_params = []
        kept.append(item)
    items[:] = kept
