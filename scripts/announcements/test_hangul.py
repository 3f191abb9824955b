"""The examples the Standard Pronunciation itself gives, plus every sentence that is recorded. `python3 -m unittest`."""

import json
import pathlib
import unittest

import hangul

HEARD = {
    "liaison (13, 14)": {"깎아": "까까", "옷이": "오시", "있어": "이써", "꽃을": "꼬츨", "앉아": "안자", "닭을": "달글", "넋이": "넉씨", "없어": "업써", "강아지": "강아지"},
    "closing (8-11)": {"닦다": "닥따", "키읔": "키윽", "옷": "옫", "웃다": "욷따", "젖": "젇", "빚다": "빋따", "솥": "솓", "앞": "압", "덮다": "덥따", "앉다": "안따", "외곬": "외골", "없다": "업따", "닭": "닥", "삶": "삼"},
    "aspiration (12)": {"놓고": "노코", "좋던": "조턴", "쌓지": "싸치", "많고": "만코", "닳지": "달치", "각하": "가카", "먹히다": "머키다", "밝히다": "발키다", "맏형": "마텽", "좁히다": "조피다", "꽂히다": "꼬치다", "앉히다": "안치다", "닿소": "다쏘", "놓는": "논는", "않네": "안네", "낳은": "나은", "싫어도": "시러도"},
    "palatalisation (17)": {"곧이듣다": "고지듣따", "굳이": "구지", "땀받이": "땀바지", "밭이": "바치", "벼훑이": "벼훌치", "굳히다": "구치다", "닫히다": "다치다", "묻히다": "무치다", "같이": "가치"},
    "nasalisation (18, 19)": {"먹는": "멍는", "국물": "궁물", "깎는": "깡는", "닫는": "단는", "있는": "인는", "꽃망울": "꼰망울", "밥물": "밤물", "없는": "엄는", "읊는": "음는", "담력": "담녁", "강릉": "강능", "막론": "망논", "협력": "혐녁", "합니다": "함니다"},
    "liquids (20)": {"난로": "날로", "신라": "실라", "천리": "철리", "칼날": "칼랄", "뚫는": "뚤른", "물난리": "물랄리"},
    "tensification (23, 25, 27)": {"국밥": "국빱", "깎다": "깍따", "옷고름": "옫꼬름", "꽃다발": "꼳따발", "덮개": "덥깨", "넓게": "널께", "핥다": "할따", "할 수는": "할쑤는", "갈 데가": "갈떼가", "접수": "접쑤"},
}


class Pronunciation(unittest.TestCase):
    """Each rule by the examples of its article."""

    def test_examples_of_the_articles(self):
        for rule, examples in HEARD.items():
            for written, heard in examples.items():
                with self.subTest(rule=rule, written=written):
                    self.assertEqual(hangul.pronounce(written), heard)

    def test_phonemes(self):
        self.assertEqual(hangul.ipa("감사합니다."), "kamsahamnida.")
        self.assertEqual(hangul.ipa("전화 연결"), "ʨɔnhwa jɔnɡjɔɾ")
        self.assertEqual(hangul.ipa("의사, 회의"), "ɰisa, hwei")
        self.assertEqual(hangul.ipa("별표"), "pjɔɾpʰjo")
        self.assertEqual(hangul.ipa("눌러"), "nullɔ")
        self.assertEqual(hangul.ipa("시계"), "ɕiɡje")

    def test_what_is_not_hangul_is_refused(self):
        for text in ("3번", "OK", "ㅋㅋ"):
            with self.assertRaises(ValueError):
                hangul.ipa(text)

    def test_every_recorded_sentence_can_be_spoken(self):
        texts = json.loads((pathlib.Path(__file__).parents[2] / "assets/announcements/texts.json").read_text("utf-8"))
        for name, text in texts["ko"].items():
            with self.subTest(name=name):
                self.assertTrue(hangul.ipa(text))


if __name__ == "__main__":
    unittest.main()
