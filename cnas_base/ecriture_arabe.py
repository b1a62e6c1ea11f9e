"""Écrire une somme en toutes lettres arabes, pour les papiers qui s'arrêtent à une somme."""

UNITES = ("", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة", "عشرة", "أحد عشر", "اثنا عشر")
DIZAINES = ("", "", "عشرون", "ثلاثون", "أربعون", "خمسون", "ستون", "سبعون", "ثمانون", "تسعون")
CENTAINES = ("", "مائة", "مائتان", "ثلاثمائة", "أربعمائة", "خمسمائة", "ستمائة", "سبعمائة", "ثمانمائة", "تسعمائة")
# Le nom compté : un, deux, de trois à dix, de onze à quatre-vingt-dix-neuf, au-delà.
MILLIARD = ("مليار", "ملياران", "مليارات", "مليارًا", "مليار")
MILLION = ("مليون", "مليونان", "ملايين", "مليونًا", "مليون")
MILLE = ("ألف", "ألفان", "آلاف", "ألفًا", "ألف")
FRANC = ("فرنك", "فرنكان", "فرنكات", "فرنكًا", "فرنك")


def somme_en_arabe(montant):
    """Rend une somme en toutes lettres : « ألفان وخمسمائة فرنك ».

    :param int montant: en francs
    """
    valeur = abs(int(montant))
    if valeur < 3:
        texte = (f"صفر {FRANC[0]}", f"{FRANC[0]} واحد", FRANC[1])[valeur]
    else:
        nombre = _nombre(valeur)
        if valeur % 100 == 0:
            # Devant le nom qu'il compte, le dernier mot perd sa finale : « ألفا فرنك », « أحد عشر ألف فرنك ».
            nombre = nombre[:-1] if nombre.endswith("ان") else nombre.removesuffix("ًا")
        texte = f"{nombre} {_compte(FRANC, valeur)}"
    return f"ناقص {texte}" if montant < 0 else texte


def _nombre(valeur):
    milliards, reste = divmod(valeur, 10**9)
    groupes = [_groupe(milliards, MILLIARD), _groupe(reste // 10**6, MILLION), _groupe(reste // 1000 % 1000, MILLE), _moins_de_mille(reste % 1000)]
    return " و".join(filter(None, groupes))


def _groupe(combien, noms):
    if combien < 3:
        return ("", noms[0], noms[1])[combien]
    # « مائتان » perd sa finale devant ce qu'il compte.
    dit = "مائتا" if combien == 200 else _nombre(combien) if combien >= 1000 else _moins_de_mille(combien)
    return f"{dit} {_compte(noms, combien)}"


def _compte(noms, combien):
    """Rend le nom tel que ce nombre l'accorde."""
    fin = combien % 100
    return noms[2] if 3 <= fin <= 10 else noms[3] if fin >= 11 else noms[4]


def _moins_de_mille(valeur):
    centaine, fin = divmod(valeur, 100)
    if fin <= 12:
        reste = UNITES[fin]
    elif fin < 20:
        reste = f"{UNITES[fin - 10]} عشر"
    else:
        reste = " و".join(filter(None, (UNITES[fin % 10], DIZAINES[fin // 10])))
    return " و".join(filter(None, (CENTAINES[centaine], reste)))
