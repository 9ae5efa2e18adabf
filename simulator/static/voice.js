/** A voice or audio message: play button, wave, time. */
import { h, icon } from "./dom.js";
import { duration } from "./format.js";

const BARS = 32;
const players = new Map(); // message id: audio element; a bubble is drawn anew while it plays

function playerOf(message, file) {
    if (!players.has(message.id)) {
        players.set(message.id, h("audio", { src: file.url, preload: "metadata" }));
    }
    return players.get(message.id);
}

/** The same file always gets the same wave: real ones would need decoding. */
function heights(id) {
    let seed = 11;
    for (const sign of String(id)) {
        seed = (seed * 33 + sign.codePointAt(0)) >>> 0;
    }
    return Array.from({ length: BARS }, (_bar, place) => {
        seed = (seed * 1664525 + 1013904223) >>> 0;
        return 22 + Math.round(((seed >>> 16) % 60) * (0.55 + 0.45 * Math.sin((place / BARS) * Math.PI)));
    });
}

export function renderVoice(message, file, { onPlay }) {
    const audio = playerOf(message, file);
    const toggle = h(
        "button",
        { type: "button", class: "play", "aria-label": "Play", title: "Play", dataset: { testid: "play" }, on: { click: () => play() } },
        icon("play")
    );
    const bars = heights(file.id).map((height) => h("i", { style: `height:${height}%` }));
    const wave = h("span", { class: "wave-bars", "aria-hidden": "true" }, bars);
    const clock = h("small", { class: "voice-time", text: duration(0) });
    const element = h(
        "div",
        { class: "voice", dataset: { testid: "voice" } },
        toggle,
        h("span", { class: "voice-line" }, wave, clock),
        h("span", { class: `voice-mic${message.status === "played" ? " played" : ""}` }, icon(message.payload.audio?.voice ? "mic" : "note"))
    );

    function play() {
        if (!audio.paused) {
            audio.pause();
            return;
        }
        onPlay(message);
        audio.play().catch(() => {
            clock.textContent = "Can’t be played here";
        });
    }

    function update() {
        const share = audio.duration ? audio.currentTime / audio.duration : 0;
        bars.forEach((bar, place) => bar.classList.toggle("done", share > 0 && place / BARS <= share));
        if (Number.isFinite(audio.duration)) {
            clock.textContent = duration(audio.paused && !audio.currentTime ? audio.duration : audio.currentTime);
        }
        const name = audio.paused ? "Play" : "Pause";
        toggle.replaceChildren(icon(audio.paused ? "play" : "pause"));
        toggle.setAttribute("aria-label", name);
        toggle.title = name;
    }

    for (const event of ["loadedmetadata", "timeupdate", "play", "pause", "ended"]) {
        audio[`on${event}`] = update; // in place of the former bubble's
    }
    update();
    return element;
}
