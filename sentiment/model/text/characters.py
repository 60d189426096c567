"""Characters that decide where a word begins and ends."""

# Scripts without blanks between words: Thai, Lao, Myanmar, Khmer, and Han and Kana.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
JOINERS = "\u200c\u200d"  # zero-width, inside words of Persian and of Indic scripts
# A soft hyphen, a zero-width space, direction marks, a word joiner, a byte order mark.
INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\ufeff"
# Directly after a word :/ and :D are part of a URL or a list.
EMOTICON = r"[<>]?[:;=]['^-]?[()\[\]|*]+|(?<!\w)[:;=]['^-]?(?:[/\\]|[dDpPoO3](?!\w))|<3"
