"""Un jeu de feuilles de soins papier engendrées, remplies puis dégradées comme les rendent scanners et téléphones."""
import random
from datetime import timedelta

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from stdnum.iso7064 import mod_97_10

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_nombre
from odoo.addons.cnas_base.impression.kit import FAMILLES_ARABES, FAMILLES_LATINES, _fichier_de_police, visuel
from odoo.addons.cnas_base.jour import aujourd_hui

TAILLE = (1654, 2339)  # A4 à 200 points par pouce
NOMS = ("Mahamat Saleh Abakar", "Hawa Adoum Zara", "Djimet Naomie", "Ngaradoum Mbaïlao", "Kaltouma Abdelkerim", "Brahim Nafissa")
ACTES = ("Consultation d'un médecin", "Goutte épaisse", "Paracétamol 500 mg, comprimé", "Accouchement normal", "Radiographie du thorax",
         "Amoxicilline 125 mg/5 ml", "Numération formule sanguine")
# Ce que l'atelier fait subir à une page ; « propre » d'abord.
DEGRADATIONS = ("propre", "penchée", "150 points", "pâle", "bruitée", "photo")


def feuille_remplie(graine, **connus):
    """Rend (image, vérité) d'une feuille, `connus` imposés : {"matricule", "reference", "date_soins", "total", "formation", "lignes"}."""
    alea = random.Random(graine)
    corps = f"TD1{alea.randint(23, 26)}{alea.randint(0, 999999):07d}"
    lignes = [(f"{alea.choice(('ACT', 'EXA', 'MED'))}{alea.randint(1, 180):04d}", alea.randint(1, 20), alea.randint(1, 120) * 50)
              for _rang in range(alea.randint(1, 6))]
    verite = {
        "matricule": corps + mod_97_10.calc_check_digits(corps), "reference": f"FS{alea.randint(1, 99999):05d}",
        "date_soins": aujourd_hui() - timedelta(days=alea.randint(1, 300)), "formation": f"{alea.choice(('CS', 'HD', 'HP'))}-NDJ-{alea.randint(1, 30):02d}",
        "lignes": [(code, quantite, prix, quantite * prix) for code, quantite, prix in lignes],
        "total": sum(quantite * prix for _code, quantite, prix in lignes), **connus}
    return _dessiner(verite, alea), verite


def _dessiner(verite, alea):
    image = Image.new("L", TAILLE, 255)
    trait = ImageDraw.Draw(image)
    latin, gras, arabe = (ImageFont.truetype(_fichier_de_police(famille, style), corps) for famille, style, corps in (
        (FAMILLES_LATINES, "Regular", 30), (FAMILLES_LATINES, "Bold", 38), (FAMILLES_ARABES, "Regular", 34)))
    trait.text((120, 90), "RÉPUBLIQUE DU TCHAD", 0, gras)
    trait.text((1180, 90), visuel("جمهورية تشاد"), 0, arabe)
    trait.text((540, 190), "FEUILLE DE SOINS", 0, gras)
    naissance = aujourd_hui() - timedelta(days=alea.randint(2000, 20000))
    champs = (("Référence de la feuille", verite["reference"]), ("Formation sanitaire", verite["formation"]), ("Matricule", verite["matricule"]),
              ("Nom et prénom", alea.choice(NOMS)), ("Date de naissance", ecrire_date(naissance)), ("Date des soins", ecrire_date(verite["date_soins"])))
    for rang, (libelle, valeur) in enumerate(champs):
        trait.text((120, 320 + rang * 70), f"{libelle} :", 60, latin)
        trait.text((640, 320 + rang * 70), valeur, 0, latin)
    haut = 800
    colonnes = ((120, "Code"), (330, "Prestation"), (950, "Qté"), (1120, "Prix"), (1350, "Montant"))
    for x, titre in colonnes:
        trait.text((x, haut), titre, 0, latin)
    for rang, (code, quantite, prix, montant) in enumerate(verite["lignes"], 1):
        y = haut + rang * 66
        trait.line((110, y - 8, 1540, y - 8), fill=120)
        for (x, _titre), texte in zip(colonnes, (code, alea.choice(ACTES), str(quantite), ecrire_nombre(prix), ecrire_nombre(montant))):
            trait.text((x, y), texte, 0, latin)
    y = haut + (len(verite["lignes"]) + 1) * 66 + 30
    trait.text((950, y), "TOTAL", 0, gras)
    trait.text((1350, y), ecrire_nombre(verite["total"]), 0, gras)
    trait.text((120, y + 160), "Signature du praticien", 60, latin)
    trait.arc((200, y + 220, 560, y + 340), 10, 300, fill=40, width=4)
    return image


def degrader(image, comment, graine):
    """Rend l'image telle qu'un atelier ou un téléphone la rend."""
    alea = random.Random(graine)
    if comment == "penchée":
        return image.rotate(alea.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=255)
    if comment == "150 points":
        return image.resize((1240, 1754), Image.Resampling.BILINEAR)
    if comment == "pâle":
        return image.point(lambda gris: 150 + gris * 105 // 255)
    if comment == "bruitée":
        return Image.blend(image, Image.effect_noise(image.size, 90), 0.3)
    if comment == "photo":
        image = image.rotate(alea.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=235).filter(ImageFilter.GaussianBlur(1.1))
        ombre = Image.linear_gradient("L").resize(image.size).point(lambda gris: 170 + gris // 3)
        return Image.composite(image, Image.new("L", image.size, 30), ombre)
    return image
