"""Korean spelling to the sounds a speaker makes, by rule.

Korean is written by morpheme and spoken by neighbourhood: the letters stand, the sounds change. The rules are those of the
Standard Pronunciation (표준 발음법); each function names the article it carries out. Nothing here needs a dictionary: what
only a dictionary can know (tensification inside compounds, for one) is spelled out by the caller as it sounds.

`pronounce("감사합니다")` gives the hangul as heard, `ipa("감사합니다")` the phonemes the speech model was trained on.
"""

import re

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]

# A cluster under a syllable: what stays and what moves on when a vowel follows (articles 13 and 14).
CLUSTERS = {
    "ㄳ": ("ㄱ", "ㅅ"), "ㄵ": ("ㄴ", "ㅈ"), "ㄶ": ("ㄴ", "ㅎ"), "ㄺ": ("ㄹ", "ㄱ"), "ㄻ": ("ㄹ", "ㅁ"), "ㄼ": ("ㄹ", "ㅂ"),
    "ㄽ": ("ㄹ", "ㅅ"), "ㄾ": ("ㄹ", "ㅌ"), "ㄿ": ("ㄹ", "ㅍ"), "ㅀ": ("ㄹ", "ㅎ"), "ㅄ": ("ㅂ", "ㅅ"),
}
# The seven sounds a syllable can end in (articles 8 to 11).
CLOSED = {
    "ㄲ": "ㄱ", "ㅋ": "ㄱ", "ㄳ": "ㄱ", "ㄺ": "ㄱ", "ㅅ": "ㄷ", "ㅆ": "ㄷ", "ㅈ": "ㄷ", "ㅊ": "ㄷ", "ㅌ": "ㄷ", "ㅎ": "ㄷ",
    "ㅍ": "ㅂ", "ㅄ": "ㅂ", "ㄿ": "ㅂ", "ㄵ": "ㄴ", "ㄶ": "ㄴ", "ㄼ": "ㄹ", "ㄽ": "ㄹ", "ㄾ": "ㄹ", "ㅀ": "ㄹ", "ㄻ": "ㅁ",
}
TENSE = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
ASPIRATED = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅂ": "ㅍ", "ㅈ": "ㅊ"}
NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
# Nouns that only follow the prospective ending -(으)ㄹ, whose first sound turns tense across the space (article 27).
AFTER_PROSPECTIVE = ("수", "것", "거", "게", "바", "데", "줄", "적")


def is_syllable(char):
    """Whether `char` is a whole precomposed hangul syllable."""
    return "가" <= char <= "힣"


def split(char):
    """A syllable as [onset, vowel, coda]; the coda may be empty."""
    index = ord(char) - 0xAC00
    return [ONSETS[index // 588], VOWELS[index % 588 // 28], CODAS[index % 28]]


def join(syllable):
    """The inverse of `split`."""
    onset, vowel, coda = syllable
    return chr(0xAC00 + ONSETS.index(onset) * 588 + VOWELS.index(vowel) * 28 + CODAS.index(coda))


def aspirate(left, right):
    """Article 12: ㅎ melts into a neighbouring stop, weakens before ㅅ and ㄴ, and falls silent before a vowel."""
    stay, last = CLUSTERS.get(left[2], ("", left[2]))
    if last == "ㅎ":
        if right[0] in ASPIRATED:
            left[2], right[0] = stay, ASPIRATED[right[0]]
        elif right[0] == "ㅅ":
            left[2], right[0] = stay, "ㅆ"
        elif right[0] == "ㄴ":
            left[2] = stay or "ㄴ"
        elif right[0] == "ㅇ":
            left[2] = stay
    elif right[0] == "ㅎ" and left[2]:
        if last in ("ㅈ", "ㄱ", "ㄷ", "ㅂ") and left[2] != "ㄳ":
            sound = "ㅊ" if last == "ㄷ" and right[1] == "ㅣ" else ASPIRATED[last]
            left[2], right[0] = stay, sound
        elif last in ("ㅅ", "ㅊ", "ㅌ"):
            left[2], right[0] = stay, "ㅊ" if last == "ㅌ" and right[1] == "ㅣ" else "ㅌ"


def palatalise(left, right):
    """Article 17: ㄷ and ㅌ before the vowel 이 (or 여) become ㅈ and ㅊ."""
    if right[0] != "ㅇ" or right[1] not in ("ㅣ", "ㅕ"):
        return
    stay, last = CLUSTERS.get(left[2], ("", left[2]))
    if last in ("ㄷ", "ㅌ"):
        left[2], right[0] = stay, {"ㄷ": "ㅈ", "ㅌ": "ㅊ"}[last]


def link(left, right):
    """Articles 13 and 14: a final consonant moves over to a following vowel; of a cluster only the second."""
    if right[0] != "ㅇ" or left[2] in ("", "ㅇ"):
        return
    stay, last = CLUSTERS.get(left[2], ("", left[2]))
    left[2], right[0] = stay, "ㅆ" if stay and last == "ㅅ" else last


def close(left, right):
    """Articles 8 to 11 and 23: the end of a syllable becomes one of seven sounds, and a stop there tenses what follows."""
    closed = CLOSED.get(left[2], left[2])
    if right is not None:
        stem_cluster = left[2] in ("ㄵ", "ㄼ", "ㄾ")  # articles 23 and 25: 앉다 is said 안따, 넓게 널께
        if (closed in NASAL or stem_cluster) and right[0] in TENSE:
            right[0] = TENSE[right[0]]
    left[2] = closed


def nasalise(left, right):
    """Articles 18 and 19: stops turn nasal before ㄴ and ㅁ, and ㄹ turns into ㄴ behind any consonant but ㄴ and ㄹ."""
    if right[0] == "ㄹ" and left[2] in ("ㅁ", "ㅇ", "ㄱ", "ㄷ", "ㅂ"):
        right[0] = "ㄴ"
    if right[0] in ("ㄴ", "ㅁ") and left[2] in NASAL:
        left[2] = NASAL[left[2]]


def liquefy(left, right):
    """Article 20: ㄴ beside ㄹ becomes ㄹ."""
    if left[2] == "ㄴ" and right[0] == "ㄹ":
        left[2] = "ㄹ"
    elif left[2] == "ㄹ" and right[0] == "ㄴ":
        right[0] = "ㄹ"


def word_syllables(word):
    """The syllables of one word as they sound. Raises ValueError on anything but whole hangul syllables."""
    if not all(map(is_syllable, word)):
        raise ValueError(f"not hangul: {word!r}")
    syllables = [split(char) for char in word]
    pairs = list(zip(syllables, syllables[1:]))
    for rule in (aspirate, palatalise, link):
        for left, right in pairs:
            rule(left, right)
    for index, syllable in enumerate(syllables):
        close(syllable, syllables[index + 1] if index + 1 < len(syllables) else None)
    for rule in (nasalise, liquefy):
        for left, right in pairs:
            rule(left, right)
    return syllables


def prospective(words):
    """Article 27: 할 수 is said 할쑤. The two words become one breath."""
    out = []
    for word in words:
        if out and split(out[-1][-1])[2] == "ㄹ" and word.startswith(AFTER_PROSPECTIVE):
            onset, vowel, coda = split(word[0])
            out[-1] += join([TENSE.get(onset, onset), vowel, coda]) + word[1:]
        else:
            out.append(word)
    return out


def phrases(text):
    """Cuts a text into runs of hangul words and the punctuation between them."""
    words, word = [], ""
    for char in text:
        if is_syllable(char):
            word += char
            continue
        if word:
            words.append(word)
            word = ""
        if char in ",.?!…":
            yield prospective(words), char
            words = []
        elif not char.isspace():
            raise ValueError(f"write {char!r} out in hangul")
    if word:
        words.append(word)
    if words:
        yield prospective(words), ""


def pronounce(text):
    """The text in hangul as it is heard, words and punctuation kept apart by one space."""
    parts = []
    for words, mark in phrases(text):
        parts.append(" ".join("".join(map(join, word_syllables(word))) for word in words) + mark)
    return " ".join(parts)


LAX = {"ㄱ": ("k", "ɡ"), "ㄷ": ("t", "d"), "ㅂ": ("p", "b"), "ㅈ": ("ʨ", "ʥ")}
CONSONANT = {
    "ㄲ": "k", "ㄸ": "t", "ㅃ": "p", "ㅉ": "ʨ", "ㅋ": "kʰ", "ㅌ": "tʰ", "ㅍ": "pʰ", "ㅊ": "ʨʰ",
    "ㄴ": "n", "ㄹ": "ɾ", "ㅁ": "m", "ㅅ": "s", "ㅆ": "s", "ㅇ": "", "ㅎ": "h",
}
VOWEL = {
    "ㅏ": "a", "ㅐ": "ɛ", "ㅑ": "ja", "ㅒ": "jɛ", "ㅓ": "ɔ", "ㅔ": "e", "ㅕ": "jɔ", "ㅖ": "je", "ㅗ": "o", "ㅘ": "wa", "ㅙ": "wɛ",
    "ㅚ": "we", "ㅛ": "jo", "ㅜ": "u", "ㅝ": "wɔ", "ㅞ": "we", "ㅟ": "wi", "ㅠ": "ju", "ㅡ": "ɯ", "ㅢ": "ɰi", "ㅣ": "i",
}
CLOSING = {"": "", "ㄱ": "k", "ㄴ": "n", "ㄷ": "t", "ㄹ": "l", "ㅁ": "m", "ㅂ": "p", "ㅇ": "ŋ"}
PALATAL = ("ㅣ", "ㅑ", "ㅕ", "ㅛ", "ㅠ", "ㅟ")


def onset_ipa(onset, vowel, before):
    """The sound of an onset: lax stops are voiced between voiced sounds, ㅅ is palatal before i, ㄹㄹ is a long l."""
    if onset in LAX:
        return LAX[onset][1 if before is not None and before in ("", "ㄴ", "ㅁ", "ㅇ", "ㄹ") else 0]
    if onset in ("ㅅ", "ㅆ") and vowel in PALATAL:
        return "ɕ"
    if onset == "ㄹ" and before == "ㄹ":
        return "l"
    return CONSONANT[onset]


def word_ipa(word):
    """The phonemes of one word."""
    out, before = "", None
    for index, (onset, vowel, coda) in enumerate(word_syllables(word)):
        if vowel == "ㅢ" and (index or onset != "ㅇ"):
            vowel = "ㅣ"  # article 5: 의 is said 이 except at the start of a word
        if vowel in ("ㅕ", "ㅑ", "ㅛ", "ㅠ") and onset in ("ㅈ", "ㅉ", "ㅊ"):
            out += onset_ipa(onset, vowel, before) + VOWEL[vowel][1:]  # article 5: 져 is said 저
        else:
            out += onset_ipa(onset, vowel, before) + VOWEL[vowel]
        out += CLOSING[coda]
        before = coda
    # A final ㄹ that does not double is nearer to the model's tap than to its l, which it follows with a vowel.
    return re.sub(r"(?<!l)l(?![laeiouɔɛɯjwɰ])", "ɾ", out)


def ipa(text):
    """The phonemes of a text, with the punctuation that the speech model pauses at."""
    return " ".join(" ".join(map(word_ipa, words)) + mark for words, mark in phrases(text))
