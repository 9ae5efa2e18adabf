"""The application: ``create_app`` for servers and tests alike."""

from pathlib import Path

from aiohttp import web

from . import control, graph, phone
from .settings import Settings
from .simulator import SIMULATOR, Simulator
from .world import WorldConfig

DEFAULT_WORLD = Path(__file__).with_name("default_world.json")
MAX_BODY = 64 * 1024 * 1024


def load_world(path=DEFAULT_WORLD):
    """Read and check a world file; raises pydantic's ``ValidationError`` with every mistake in it."""
    return WorldConfig.model_validate_json(Path(path).read_text(encoding="utf-8"))


def create_app(config: WorldConfig | None = None, settings: Settings | None = None):
    app = web.Application(client_max_size=MAX_BODY, middlewares=[control.errors])
    app[SIMULATOR] = Simulator(config or load_world(), settings or Settings())
    control.add_routes(app)
    phone.add_routes(app)
    graph.add_routes(app)  # last: it ends with a route that takes everything else
    app.cleanup_ctx.append(_run_webhooks)
    app.on_shutdown.append(_close_sockets)
    return app


async def _run_webhooks(app):
    simulator = app[SIMULATOR]
    await simulator.webhooks.start()
    yield
    simulator.timers.cancel_all()
    await simulator.webhooks.stop()


async def _close_sockets(app):
    await app[SIMULATOR].events.close()
