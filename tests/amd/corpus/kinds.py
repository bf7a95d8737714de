"""The kinds of clips: what happens on the line, in order, with its labels."""

from . import sound, texts
from .sound import silence

# Share of each kind, and its class. People answer as homes and mobiles mostly do, firms now and
# then; the report gives every kind by itself too.
KINDS = [
    ("hello", "person", 20.0), ("name", "person", 5.0), ("company_short", "person", 3.0),
    ("company_long", "person", 0.6), ("hello_name", "person", 2.0),
    ("hello_hello", "person", 6.0), ("late_hello", "person", 4.5),
    ("immediate", "person", 4.5), ("cough_hello", "person", 2.5),
    ("machine_long", "machine", 15.0), ("machine_short", "machine", 4.0),
    ("machine_hello", "machine", 4.0), ("carrier", "machine", 6.0),
    ("machine_music", "machine", 1.5), ("queue", "machine", 2.0),
    ("sit", "sit", 5.0), ("ced", "fax", 2.5), ("cng", "fax", 1.5), ("modem", "modem", 1.2),
    ("ringback", "network", 2.5), ("busy", "network", 2.0), ("congestion", "network", 2.0),
    ("music", "music", 1.2), ("silence", "silence", 1.5),
]

SIT = {  # (Hz, ms) of the first two tones; the third is 1776.7 Hz, 380 ms (Bellcore SR-2275)
    "intercept": ((913.8, 274), (1370.6, 274)),
    "vacant_code": ((985.2, 380), (1370.6, 274)),
    "reorder": ((913.8, 274), (1428.5, 380)),
    "no_circuit": ((985.2, 380), (1428.5, 380)),
    "reorder_inter_lata": ((985.2, 274), (1370.6, 380)),
    "no_circuit_inter_lata": ((913.8, 380), (1370.6, 380)),
}

# country → signal → (Hz or (Hz, modulation), cadence ms on, off, ...); ITU-T E.180 Supplement 2.
PLANS = {
    "us": {"ringback": ([440, 480], [2000, 4000]), "busy": ([480, 620], [500, 500]),
           "congestion": ([480, 620], [250, 250])},
    "uk": {"ringback": ([400, 450], [400, 200, 400, 2000]), "busy": ([400], [375, 375]),
           "congestion": ([400], [400, 350, 225, 525])},
    "de": {"ringback": ([425], [1000, 4000]), "busy": ([425], [480, 480]),
           "congestion": ([425], [240, 240])},
    "fr": {"ringback": ([440], [1500, 3500]), "busy": ([440], [500, 500]),
           "congestion": ([440], [250, 250])},
    "eu": {"ringback": ([425], [1000, 4000]), "busy": ([425], [500, 500]),
           "congestion": ([425], [200, 200])},
    "jp": {"ringback": ((400, 16), [1000, 2000]), "busy": ([400], [500, 500])},
    "cn": {"ringback": ([450], [1000, 4000]), "busy": ([450], [350, 350]),
           "congestion": ([450], [700, 700])},
    "in": {"ringback": ((400, 25), [400, 200, 400, 2000]), "busy": ([400], [750, 750]),
           "congestion": ([400], [250, 250])},
    "au": {"ringback": ([413, 438], [400, 200, 400, 2000]), "busy": ([425], [375, 375])},
    "br": {"ringback": ([425], [1000, 4000]), "busy": ([425], [250, 250])},
    "mx": {"ringback": ([425], [1000, 4000]), "busy": ([425], [250, 250])},
}


class Clip:
    """A timeline under construction, with its labels."""

    def __init__(self, rng, say):
        self.rng, self.say = rng, say
        self.signal = silence(0)
        self.labels = {}

    def now(self):
        return len(self.signal) // 8

    def pause(self, low, high=None):
        self.signal.extend(silence(self.rng.randint(low, high or low)))

    def sound(self, signal):
        self.signal.extend(signal)

    def speech(self, table):
        self.labels.setdefault("speech_start_ms", self.now())
        self.signal.extend(self.say(self.rng, table))
        self.labels["greeting_end_ms"] = self.now()

    def beep(self):
        rng = self.rng
        hz, ms = rng.choice([440, 600, 800, 850, 1000, 1000, 1400, 2000, rng.randint(400, 2200)]), 0
        ms = rng.choice([100, 150, 200, 250, 400, 500, 1000, rng.randint(100, 2000)])
        self.sound(sound.tone([([hz], ms)], rng.choice([2500, 5000, 9000])))
        self.labels.update(beep_end_ms=self.now(), beep_hz=hz, beep_length_ms=ms)


def person(clip, kind):
    if kind != "immediate":
        clip.pause(*((1200, 3000) if kind == "late_hello" else (80, 900)))
    if kind == "cough_hello":
        clip.sound(sound.cough(clip.rng))
        clip.pause(150, 500)
    main = {"name": texts.NAME, "company_short": texts.COMPANY_SHORT,
            "company_long": texts.COMPANY_LONG}.get(kind, texts.HELLO)
    clip.speech(main)
    if kind == "hello_name":
        clip.pause(120, 450)
        clip.speech(texts.NAME)
    if kind == "hello_hello":
        clip.pause(900, 2000)
        clip.speech(texts.HELLO)
        clip.labels["greeting_end_ms"] = None
    clip.pause(3500)


def machine(clip, kind):
    clip.pause(150, 1200)
    if kind == "machine_music":
        clip.labels["speech_start_ms"] = clip.now()
        clip.sound(sound.music(clip.rng, clip.rng.randint(1500, 3500)))
    if kind == "machine_hello":
        clip.speech(texts.MACHINE_GREETS)
        clip.pause(250, 800)
    table = {"machine_short": texts.MACHINE_SHORT, "carrier": texts.CARRIER,
             "queue": texts.QUEUE}.get(kind, texts.MACHINE_LONG)
    clip.speech(table)
    if kind == "carrier" and clip.rng.random() < 0.5:
        clip.pause(500, 900)
        clip.speech(texts.CARRIER)
    if kind == "queue":
        clip.sound(sound.music(clip.rng, 2500))
    elif kind != "carrier" and clip.rng.random() < (0.9 if kind == "machine_short" else 0.65):
        clip.pause(150, 1300)
        clip.beep()
    clip.pause(3600)


def sit(clip, _kind):
    clip.pause(50, 800)
    name = clip.rng.choice([*SIT, "unspecified"])
    parts = ((950, 330), (1400, 330)) if name == "unspecified" else SIT[name]
    last = (1800, 330) if name == "unspecified" else (1776.7, 380)
    gap = clip.rng.choice([0, 0, 4, 20])
    whole = []
    for hz, ms in (*parts, last):
        whole += [([hz], ms), ([], gap)]
    clip.sound(sound.tone(whole, clip.rng.choice([1500, 3000, 6000])))
    clip.labels.update(signal=f"sit:{name}")
    clip.pause(100, 350)
    clip.speech(texts.OUT_OF_SERVICE)
    clip.labels["speech_start_ms"] = clip.labels["greeting_end_ms"] = None
    clip.pause(1500)


def equipment(clip, kind):
    rng = clip.rng
    if kind == "ced":
        clip.pause(200, 2500)
        turned, modulated = rng.choice([(False, False), (True, False), (False, True), (True, True)])
        clip.sound(sound.ced(rng.randint(2600, 4000), turned, modulated, rng.choice([2500, 6000])))
        clip.labels["signal"] = f"ced:{int(turned)}{int(modulated)}"
    elif kind == "cng":
        clip.pause(100, 1500)
        hz = rng.choice([1080, 1100, 1100, 1120])
        clip.sound(sound.tone([([hz], 500), ([], 3000)] * 2, rng.choice([3000, 6000])))
        clip.labels["signal"] = "cng"
    else:
        clip.pause(200, 2000)
        hz = rng.choice([2225, 2225, 2250, 1650])
        clip.sound(sound.tone([([hz], rng.randint(3000, 4000))], 4000))
        clip.labels["signal"] = "modem"
    clip.pause(800)


def network(clip, kind):
    rng = clip.rng
    country = rng.choice([c for c in PLANS if kind in PLANS[c]])
    pitch, cadence = PLANS[country][kind]
    turns = 2 if kind == "ringback" else 5 if kind == "busy" else 6
    clip.pause(50, 800)
    for _ in range(turns):
        for place in range(0, len(cadence), 2):
            if isinstance(pitch, tuple):
                clip.sound(sound.modulated(*pitch, cadence[place]))
            else:
                clip.sound(sound.tone([(pitch, cadence[place])], 4000))
            clip.pause(cadence[place + 1])
    clip.labels.update(signal=f"{kind}:{country}")


def nobody(clip, kind):
    if kind == "music":
        clip.pause(100, 900)
        clip.sound(sound.music(clip.rng, 8000))
        clip.labels["signal"] = "music"
    else:
        clip.pause(7000)


MAKERS = {"person": person, "machine": machine, "sit": sit, "fax": equipment, "modem": equipment,
          "network": network, "music": nobody, "silence": nobody}
