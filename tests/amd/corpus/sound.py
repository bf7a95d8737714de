"""Sounds: speech from the engines, noise beds, tones, and what a telephone line does to them.

Everything is 8 kHz, 16-bit mono in `array('h')`. sox does what needs filters and codecs; it runs
without dither and with its fixed seed, so that the same seed gives the same files.
"""

import array
import hashlib
import math
import os
import subprocess

RATE = 8000
RAW = ["-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1"]


def run(arguments, data=None):
    done = subprocess.run(arguments, input=data, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}: {done.stderr.decode(errors='replace')[-400:]}")
    return done.stdout


def samples(data):
    return array.array("h", data[: len(data) // 2 * 2])


def silence(ms):
    return array.array("h", bytes(2 * int(ms) * 8))


def rms(signal):
    return math.sqrt(sum(s * s for s in signal) / max(1, len(signal)))


def scaled(signal, factor):
    return array.array("h", (max(-32767, min(32767, int(s * factor))) for s in signal))


def hastened(signal):
    """Shortens the pauses of the engines, which wait 0.6 s and more after every sentence; people
    who greet or read a greeting go on after 0.2 to 0.5 s. What is over 0.3 s is kept by a third."""
    out = array.array("h")
    quiet = array.array("h")
    for start in range(0, len(signal), 80):
        piece = signal[start : start + 80]
        if max(piece) < 200 and min(piece) > -200:
            quiet.extend(piece)
            continue
        keep = len(quiet) if len(quiet) <= 2400 else 2400 + (len(quiet) - 2400) // 3
        out.extend(quiet[:keep])
        quiet = array.array("h")
        out.extend(piece)
    out.extend(quiet)
    return out


def speak(folder, voice, text):
    """An utterance, trimmed of silence, at an RMS of 3000; kept in a cache."""
    engine, name, _, language, rate, pitch = voice
    key = hashlib.sha256(repr((engine, name, language, rate, pitch, text)).encode()).hexdigest()
    path = os.path.join(folder, key[:24] + ".raw")
    if os.path.exists(path):
        with open(path, "rb") as file:
            return samples(file.read())
    wav = f"{path}.{os.getpid()}.wav"
    if engine == "espeak":
        run(["espeak-ng", "-v", name, "-s", str(rate), "-p", str(pitch), "-w", wav, text])
        tempo = 1.0
    elif engine == "flite":
        run(["flite", "-voice", name, "-t", text, "-o", wav])
        tempo = rate / 100
    else:
        encoded = text.encode("iso-8859-15", errors="replace")
        run(["text2wave", "-eval", f"({name})", "-o", wav], encoded)
        tempo = rate / 100
    trim = ["silence", "1", "0.02", "0.4%", "reverse"] * 2
    speed = [] if tempo == 1.0 else ["tempo", "-s", f"{tempo:.2f}"]
    data = run(["sox", "-D", wav, *RAW, "-", "gain", "-n", "-3", "rate", "8000", *speed, *trim])
    os.remove(wav)
    signal = samples(data)
    if len(signal) < 640:
        # Too fast for this voice: it swallowed the word.
        if rate <= 60:
            raise RuntimeError(f"{voice} said nothing for {text!r}")
        return speak(folder, (*voice[:4], rate * 2 // 3, 50), text)
    signal = hastened(scaled(signal, 3000 / max(1.0, rms(signal))))
    with open(f"{path}.{os.getpid()}", "wb") as file:
        file.write(signal.tobytes())
    os.replace(f"{path}.{os.getpid()}", path)
    return signal


def tone(parts, amplitude=6000):
    """Tones one after the other: ([Hz, ...], ms) each; no Hz is silence. 3 ms edges."""
    out = array.array("h")
    for frequencies, ms in parts:
        count = int(ms * 8)
        steps = [2 * math.pi * hz / RATE for hz in frequencies]
        for n in range(count):
            edge = min(1.0, min(n, count - 1 - n) / 24)
            out.append(int(amplitude * edge * sum(math.sin(step * n) for step in steps)))
    return out


def ced(ms, reversals, modulated, amplitude=5000):
    """2100 Hz of an answering fax or modem (ITU-T V.25 §4.2, V.8 §3.2)."""
    out = array.array("h")
    for n in range(int(ms * 8)):
        sign = -1 if reversals and (n // 3600) % 2 else 1
        depth = 1 + 0.2 * math.sin(2 * math.pi * 15 * n / RATE) if modulated else 1
        out.append(int(amplitude * sign * depth * math.sin(2 * math.pi * 2100 * n / RATE)))
    return out


def modulated(hz, by, ms, amplitude=6000):
    """A tone whose amplitude is modulated by a low one (Japan, India)."""
    return array.array(
        "h",
        (
            int(amplitude * 0.5 * (1 + 0.8 * math.sin(2 * math.pi * by * n / RATE))
                * math.sin(2 * math.pi * hz * n / RATE))
            for n in range(int(ms * 8))
        ),
    )


def cough(rng):
    """A cough: one or two bursts of noise that fade."""
    out = array.array("h")
    for _ in range(rng.choice([1, 2])):
        length = rng.randint(900, 1900)
        low = 0.0
        for n in range(length):
            low += 0.5 * (rng.uniform(-1, 1) - low)
            out.append(int(16000 * low * math.exp(-4 * n / length) * min(1, n / 80)))
        out.extend(silence(rng.randint(60, 160)))
    return out


def music(rng, ms):
    """Plucked and held chords over a bass, made up on the spot."""
    base = rng.choice([196.0, 220.0, 246.9, 261.6])
    beat = rng.choice([300, 400, 500])
    chords = [(0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16)]
    out = array.array("h")
    held = rng.random() < 0.5
    while len(out) < ms * 8:
        notes = rng.choice(chords)
        steps = [2 * math.pi * base * 2 ** (n / 12) / RATE for n in notes]
        for _ in range(rng.choice([2, 4])):
            for n in range(beat * 8):
                fade = 1.0 if held else math.exp(-1.2 * n / (beat * 8))
                value = sum(math.sin(s * n) + 0.4 * math.sin(2 * s * n) for s in steps)
                out.append(int(1800 * fade * value))
    return out[: ms * 8]


def beds(folder, which, rng, utterances):
    """Noise beds of 40 s for a set, at an RMS of 1000: name → samples."""
    made = {}
    synth = {
        "white": ["synth", "40", "whitenoise"],
        "pink": ["synth", "40", "pinknoise"],
        "hum": ["synth", "40", "sine", "50", "synth", "40", "square", "mix", "100", "lowpass", "900"],
        "street": ["synth", "40", "brownnoise", "highpass", "90", "tremolo", "0.3", "60",
                   "overdrive", "4", "lowpass", "2500"],
    }
    for name, effects in synth.items():
        if which == "test" and name in ("white", "pink"):
            effects = [*effects, "treble", "-6"]
        made[name] = samples(run(["sox", "-D", "-R", "-n", *RAW, "-", *effects]))
    # Babble: six people of the same set talking across each other.
    lanes = []
    for _ in range(6):
        lane = array.array("h")
        while len(lane) < 40 * RATE:
            lane.extend(rng.choice(utterances))
            lane.extend(silence(rng.randint(50, 500)))
        lanes.append(lane)
    made["babble"] = array.array(
        "h", (max(-32767, min(32767, sum(lane[n] for lane in lanes) // 3)) for n in range(40 * RATE))
    )
    return {name: scaled(bed, 1000 / max(1.0, rms(bed))) for name, bed in made.items()}


def lose(signal, share, concealed, rng):
    """Packets of 20 ms go missing in short bursts; concealed: the last one again, fading."""
    out = array.array("h", signal)
    lost_before = 0
    for start in range(0, len(out) - 160, 160):
        chance = 0.4 if lost_before else share
        if share > 0 and rng.random() < chance:
            lost_before += 1
            if concealed and start >= 160 and lost_before <= 3:
                out[start : start + 160] = scaled(out[start - 160 : start], 0.7)
            else:
                out[start : start + 160] = silence(20)
        else:
            lost_before = 0
    return out


def line(folder, signal, noise, noise_factor, factor, band, codec):
    """Adds noise, sets the level, and sends it through a codec. sox adds: Python is slow at it."""
    count = len(signal)
    parts = []
    for name, part, volume in (("voice", signal, factor), ("noise", noise, factor * noise_factor)):
        if part is not None:
            path = os.path.join(folder, f"{name}.{os.getpid()}.raw")
            with open(path, "wb") as file:
                file.write(part[:count].tobytes())
            parts += ["-v", f"{volume:.5f}", *RAW, path]
    mix = ["-m"] if noise is not None else []
    effects = ["sinc", "300-3400"] if band else []
    kind = {"ulaw": "ul", "alaw": "al", "gsm": "gsm", "linear": None}[codec]
    to = RAW if kind is None else ["-t", kind, "-r", "8000", "-c", "1"]
    coded = run(["sox", "-D", *mix, *parts, *to, "-", *effects])
    if kind is not None:
        coded = run(["sox", "-D", *to, "-", *RAW, "-"], coded)
    out = samples(coded)
    out.extend(silence(max(0, count - len(out)) // 8))
    return out[:count]
