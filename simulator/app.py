"""The application: ``create_app`` for servers and tests alike."""

from pathlib import Path

from aiohttp import web

from . import control, control_tools, graph, phone
from .settings import Settings
from .simulator import SIMULATOR, Simulator
from .world import WorldConfig

DEFAULT_WORLD = Path(__file__).with_name("default_world.json")
MAX_BODY = 192 * 1024 * 1024  # the largest file in base64


def load_world(path=DEFAULT_WORLD):
    """Read and check a world file; raises pydantic's ``ValidationError`` with every mistake in it."""
    return WorldConfig.model_validate_json(Path(path).read_text(encoding="utf-8"))


def create_app(config: WorldConfig | None = None, settings: Settings | None = None):
    app = web.Application(client_max_size=MAX_BODY, middlewares=[control_tools.errors])
    app[SIMULATOR] = simulator = Simulator(config or load_world(), settings or Settings())
    if simulator.settings.state:
        app.middlewares.append(_keep)
    control.add_routes(app)
    phone.add_routes(app)
    graph.add_routes(app)  # last: it ends with a route that takes everything else
    app.cleanup_ctx.append(_run_webhooks)
    app.on_shutdown.append(_save)  # before the wait for requests that are held, which may be cut short
    app.on_shutdown.append(_close_sockets)
    return app


@web.middleware
async def _keep(request, handler):
    """Whatever a request may have changed goes to the state file."""
    try:
        return await handler(request)
    finally:
        if request.method not in ("GET", "HEAD"):
            request.app[SIMULATOR].state_file.touch()


async def _run_webhooks(app):
    simulator = app[SIMULATOR]
    await simulator.webhooks.start()
    simulator.state_file.resume()
    simulator.templates.resume()
    yield
    simulator.state_file.close()  # and at once stop what would change something: no await in between
    simulator.timers.cancel_all()
    simulator.outgoing.stop()
    await simulator.webhooks.stop()
    simulator.media.close()


async def _save(app):
    app[SIMULATOR].state_file.save_now()


async def _close_sockets(app):
    await app[SIMULATOR].events.close()
