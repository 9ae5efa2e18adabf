def install():
    """Wrap the engine's methods; called when a server loads, where Odoo can be imported."""
    from . import points

    points.install()
