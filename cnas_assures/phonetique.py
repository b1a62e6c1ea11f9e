"""Rapprochement des noms tchadiens : accents, ordre, graphies proches.

Un même nom s'écrit de dix façons (Mahamat, Mohamed, Mouhamad ; Fatimé, Fatima, Fatouma). On
réduit chaque mot à un squelette de consonnes : deux mots de même squelette se disent pareil.
"""
import re
from difflib import SequenceMatcher
from functools import lru_cache

from odoo.addons.cnas_base.lecture import sans_accent

# Graphies que le squelette ne rapproche pas de lui-même.
VARIANTES = {
    "brahim": "ibrahim", "ibrahima": "ibrahim", "abraham": "ibrahim",
    "issa": "isa", "aissa": "isa", "aisa": "isa",
    "yusuf": "youssouf", "youssef": "youssouf", "yussuf": "youssouf", "issoufou": "youssouf",
    "ousman": "ousmane", "osman": "ousmane", "othman": "ousmane", "usman": "ousmane", "athman": "ousmane",
    "hawa": "haoua", "awa": "haoua", "hawwa": "haoua", "houa": "haoua",
    "aboubakar": "abakar", "abubakar": "abakar", "aboubacar": "abakar", "abubakr": "abakar",
    "khadidja": "kadidja", "hadidja": "kadidja", "khadija": "kadidja", "hadja": "kadidja",
    "aicha": "aicha", "achta": "achta", "aichatou": "aicha", "aissatou": "aicha", "aishatu": "aicha",
    "zara": "zahra", "fatimezara": "fatima",
    "djibrine": "djibril", "djibrin": "djibril", "gibrine": "djibril",
    "oumar": "omar", "umar": "omar",
    "annour": "nour", "alnour": "nour",
    "jean": "jean", "john": "jean",
}
# Particules que l'usage ajoute ou omet.
PARTICULES = {"el", "al", "ould", "ben", "bin", "bint", "mme", "mlle", "m", "mr"}

# L'écriture arabe, lettre à lettre, comme on la dit au Tchad ; les voyelles brèves ne s'y écrivent pas, et n'y comptent pas.
_ARABE = {
    "ا": "a", "ب": "b", "ت": "t", "ث": "th", "ج": "dj", "ح": "h", "خ": "kh", "د": "d", "ذ": "d", "ر": "r", "ز": "z",
    "س": "s", "ش": "ch", "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "ع": "a", "غ": "gh", "ف": "f", "ق": "k", "ك": "k",
    "ل": "l", "م": "m", "ن": "n", "ه": "h", "و": "ou", "ي": "i", "ى": "a", "ة": "a", "ء": "", "ک": "k", "ی": "i",
}
_ARABE_SERVITEUR = re.compile(r"\bعبد ?ال")  # عبد القادر : un seul nom, Abdelkader
_ARABE_SERVITEUR_SOLAIRE = re.compile(r"\bعبدال(?=[تثدذرزسشصضطظن])")  # عبد الرحمن se dit Abderahman
_ARABE_DE_LA_FOI = re.compile(r"\b(\w+) الدين\b")  # نصر الدين : un seul nom, Nassradine
# Ceux que l'usage dit autrement que leurs lettres.
_ARABE_USAGE = {"ابو بكر": "aboubakar", "الياس": "elias", "قمر": "gamar"}
_ARABE_MOT_D_USAGE = re.compile(rf"\b(?:{'|'.join(_ARABE_USAGE)})\b")
_ARABE_ARTICLE = re.compile(r"\bال(?=\w{3})")
_ARABE_ASPIREE = re.compile(r"\b([حه])(?=[^اويى\W])")  # حسن se dit Hassan : une voyelle suit l'initiale

_REGLES = (
    (r"tch|sch|sh|ch", "x"), (r"dj|gi|ge|j", "g"), (r"kh|ck|qu|q|c", "k"), (r"gu|gh", "g"),
    (r"ph", "f"), (r"th|d", "t"), (r"w|ou|oo", "u"), (r"z", "s"), (r"v", "f"), (r"y", "i"),
)


@lru_cache(maxsize=20_000)
def squelette(mot):
    """Rend le squelette phonétique d'un mot sans accent : « mohamed » et « mahamat » → « mmt »."""
    mot = VARIANTES.get(mot, mot)
    for motif, remplacant in _REGLES:
        mot = re.sub(motif, remplacant, mot)
    mot = re.sub(r"h", "", mot)
    initiale = "a" if mot[:1] in "aeiou" else mot[:1]
    reste = re.sub(r"[aeiou]", "", mot[1:]) if mot else ""
    # Une consonne redoublée compte pour une, sauf l'initiale (Mahamat : m-m-t).
    reste = re.sub(r"(.)\1+", r"\1", reste)
    return initiale + reste


def transliterer(texte):
    """Rend en lettres latines un texte en écriture arabe ; tout autre texte reste tel quel."""
    if texte.isascii() or not any("\u0600" <= lettre <= "\u06ff" or "\ufb50" <= lettre <= "\ufefc" for lettre in texte):
        return texte
    lu = _ARABE_MOT_D_USAGE.sub(lambda mot: _ARABE_USAGE[mot[0]], sans_accent(texte))
    lu = _ARABE_SERVITEUR_SOLAIRE.sub("عبد", _ARABE_SERVITEUR.sub("عبدال", _ARABE_DE_LA_FOI.sub(r"\1دين", lu)))
    lu = _ARABE_ASPIREE.sub(r"\1ا", _ARABE_ARTICLE.sub("", lu))
    return "".join(_ARABE.get(lettre, lettre) for lettre in lu)


# Un nom arabe, et comme on l'écrit d'ordinaire au Tchad : l'écriture arabe tait les voyelles, l'usage les donne.
_LATIN_USUEL = {
    "محمد": "Mahamat", "احمد": "Ahmat", "محمود": "Mahmoud", "صالح": "Saleh", "ادم": "Adam", "حواء": "Haoua", "ادريس": "Idriss", "ديبي": "Deby",
    "فاطمة": "Fatimé", "الزهراء": "Zahra", "زهراء": "Zara", "خديجة": "Khadidja", "عثمان": "Ousmane", "يعقوب": "Yacoub", "موسى": "Moussa",
    "زينب": "Zenab", "ابكر": "Abakar", "عيسى": "Issa", "علي": "Ali", "حسن": "Hassan", "حسين": "Hissein", "ابراهيم": "Ibrahim",
    "اسماعيل": "Ismaël", "يوسف": "Youssouf", "عمر": "Oumar", "عايشة": "Aïcha", "مريم": "Mariam", "امنة": "Amina", "حليمة": "Halima",
    "سعاد": "Souad", "خميس": "Khamis", "جبريل": "Djibrine", "هارون": "Haroun", "داود": "Daoud", "سليمان": "Souleymane", "بشير": "Bachir",
    "مصطفى": "Moustapha", "طاهر": "Tahir", "كلثوم": "Kaltouma", "سعيد": "Saïd", "خالد": "Khalid", "جميلة": "Djamila", "رمضان": "Ramadan",
    "زكريا": "Zakaria", "يحيى": "Yaya", "مختار": "Moctar", "شريف": "Chérif", "عبدالله": "Abdallah", "عبدالقادر": "Abdelkader",
    "عبدالكريم": "Abdelkerim", "عبدالرحمن": "Abderahman", "عبدالعزيز": "Abdelaziz", "النور": "Nour", "حامد": "Hamid",
}


def proposer_latin(texte):
    """Rend l'écriture latine à proposer d'un nom en arabe : l'usage s'il est connu, sinon lettre à lettre. À relire, toujours."""
    lus = _ARABE_SERVITEUR.sub("عبدال", sans_accent(texte)).split()
    return " ".join(_LATIN_USUEL.get(mot) or transliterer(mot).capitalize() for mot in lus)


def mots(*textes):
    """Rend les mots utiles de plusieurs textes, en lettres latines, sans accent, sans particule."""
    tous = sans_accent(transliterer(" ".join(t for t in textes if t))).split()
    return [m for m in tous if m not in PARTICULES] or tous


def cle_phonetique(*textes):
    """Rend la clé de rapprochement d'un nom complet : squelettes triés, l'ordre des noms n'y compte pas."""
    return " ".join(sorted({squelette(m) for m in mots(*textes)}))


def se_disent_pareil(cherches, nom):
    """Dit si chaque mot cherché se dit comme un mot du nom.

    Un squelette de deux signes dit trop peu (Ali et Élie) : là, la voyelle de l'initiale compte aussi.
    """
    sons = {_son(mot) for mot in mots(nom)}
    return all(_son(mot) in sons for mot in mots(cherches))


@lru_cache(maxsize=20_000)
def _son(mot):
    cle = squelette(mot)
    if len(cle) > 2 or cle[:1] != "a":
        return cle
    return cle + re.sub(r"ou|w", "u", VARIANTES.get(mot, mot).replace("h", ""))[:1].replace("y", "i")


def ressemblance(texte_a, texte_b):
    """Rend la ressemblance de deux noms, de 0 à 1, quel que soit l'ordre des mots.

    Chaque mot du plus court s'apparie au meilleur mot libre de l'autre : égal 1, même
    squelette 0,95, sinon proportion de lettres communes (comptée au-delà de 0,7).
    """
    a, b = sorted((mots(texte_a), mots(texte_b)), key=len)
    if not a:
        return 0.0
    libres = list(b)
    total = 0.0
    for mot in a:
        notes = [(_ressemblance_mots(mot, autre), autre) for autre in libres]
        note, autre = max(notes)
        total += note
        libres.remove(autre)
    # Un mot de plus d'un côté (un troisième prénom) pèse peu, pas rien.
    return total / (len(a) + 0.5 * (len(b) - len(a)))


def _ressemblance_mots(a, b):
    if a == b:
        return 1.0
    if squelette(a) == squelette(b):
        return 0.95
    proportion = SequenceMatcher(None, a, b).ratio()
    return proportion if proportion >= 0.7 else 0.0
