"""How the simulator behaves, as opposed to what exists in it (that is the world)."""

from dataclasses import dataclass, field


@dataclass
class Settings:
    """Everything the command line can set; tests build it directly."""

    sent_delay: float = 0.1
    delivered_delay: float = 0.4
    jitter: float = 0.3  # share by which both delays vary
    auto_read: float | None = None  # seconds after delivery; None: only when the customer opens the chat
    review_delay: float | None = 1.0  # until a template is approved or rejected; None: by the control API only
    retry_gaps: tuple[float, ...] = (0.2, 0.5, 1, 2, 5, 10, 30, 60)  # the last one repeats
    retry_for: float = 7 * 24 * 3600  # Meta's overview: up to 7 days
    webhook_timeout: float = 10.0
    webhook_concurrency: int = 32  # per callback URL
    keep: int | None = None  # entries per record list; None: all
    rate_limits: bool = False
    state: str | None = None  # file that keeps everything over a restart
    seed: int | None = None
    faults: list[dict] = field(default_factory=list)
