"""English text to the phonemes the speech model was trained on, by espeak-ng's rules and dictionary.

The model's alphabet writes diphthongs and affricates as one letter each; espeak-ng ties theirs with "^".
"""

# Longest first: a diphthong must be seen before its first vowel.
LETTERS = [
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"), ("o^ʊ", "O"), ("ə^l", "ᵊl"),
    ("ɚ", "əɹ"), ("ɝ", "ɜɹ"), ("ɜːɹ", "ɜɹ"), ("ɐ", "ə"), ("r", "ɹ"), ("x", "k"), ("ʔ", "t"), ("e", "A"), ("o", "O"),
    ("ː", ""), ("^", ""), ("\u0329", ""),
]


def ipa(text):
    """Phonemes of an English text, punctuation kept."""
    import espeakng_loader
    from phonemizer.backend import EspeakBackend
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    backend = EspeakBackend("en-us", preserve_punctuation=True, with_stress=True, tie="^")
    sounds = backend.phonemize([text])[0].strip()
    for theirs, ours in LETTERS:
        sounds = sounds.replace(theirs, ours)
    return sounds
