"""Who speaks: voices of espeak-ng, flite and festival, and which set each belongs to.

A voice is in the tuning set or in the test set, never in both. Variants that imitate the same
speaker, and the same speaker in two engines (kal, slt), count as one voice.
"""

# espeak-ng variants (timbres). A family is one voice, told apart by rate and pitch only.
ESPEAK_TUNE = [
    "m1", "m3", "m5", "m7", "f1", "f3", "f5", "Alex", "Andy", "Annie", "belinda", "boris",
    "david", "ed", "gustave", "Hugo", "Jacky", "linda", "Marco", "max", "michel", "Mike",
    "paul", "quincy", "rob", "steph", "Storm", "victor", "klatt", "aunty", "grandpa", "iven",
    "sandro", "anika", "pablo", "norbert",
]
ESPEAK_TEST = [
    "m2", "m4", "m6", "m8", "f2", "f4", "Alicia", "Andrea", "adam", "antonio", "benjamin",
    "caleb", "Denis", "Diogo", "edward", "Gene", "Henrique", "john", "kaukovalta", "Lee",
    "marcelo", "Mario", "Michael", "miguel", "Nguyen", "pedro", "robert", "zac", "grandma",
    "travis", "shelby", "announcer", "Tweaky", "RicishayMax",
]
ESPEAK_ENGLISH = [
    "en-us", "en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbcwmd",
    "en-us-nyc", "en-gb-x-gbclan",
]

# (engine, engine's name, voice, language): recorded people behind diphones or models.
RECORDED_TUNE = [
    ("flite", "rms", "rms", "en"),
    ("flite", "kal16", "kal", "en"),
    ("festival", "voice_kal_diphone", "kal", "en"),
    ("festival", "voice_lp_diphone", "lp", "it"),
    ("festival", "voice_hy_fi_mv_diphone", "mv", "fi"),
]
RECORDED_TEST = [
    ("flite", "slt", "slt", "en"),
    ("flite", "awb", "awb", "en"),
    ("festival", "voice_ked_diphone", "ked", "en"),
    ("festival", "voice_cmu_us_slt_arctic_hts", "slt", "en"),
    ("festival", "voice_pc_diphone", "pc", "it"),
    ("festival", "voice_suo_fi_lj_diphone", "lj", "fi"),
]


def pick(rng, which):
    """A voice of a set: (engine, engine's name, voice, language, words a minute, pitch 0..99)."""
    if rng.random() < 0.3:
        engine, name, voice, language = rng.choice(
            RECORDED_TUNE if which == "tune" else RECORDED_TEST
        )
        return engine, name, voice, language, rng.choice([90, 100, 110, 120]), 50
    voice = rng.choice(ESPEAK_TUNE if which == "tune" else ESPEAK_TEST)
    draw = rng.random()
    if draw < 0.60:
        language, name = "en", rng.choice(ESPEAK_ENGLISH)
    elif draw < 0.80:
        language, name = "zh", "cmn"
    elif draw < 0.90:
        language, name = "yue", "yue"
    elif draw < 0.95:
        language, name = "es", "es"
    else:
        language, name = "de", "de"
    # High pitches are children's.
    pitch = rng.choice([30, 40, 50, 50, 60, 70, 85, 99])
    rate = rng.choice([145, 160, 175, 190, 210])
    # espeak-ng counts words of a syllable each in Chinese: people say four or five a second.
    rate = rate * 7 // 5 if language in ("zh", "yue") else rate
    return "espeak", f"{name}+{voice}", voice, language, rate, pitch
