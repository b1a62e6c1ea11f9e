"""Lecture automatique : taux de champs justes sur des feuilles engendrées et dégradées, temps pour retrouver un mot."""
import collections
import io

from odoo.addons.cnas_base.lecture import image_de_page, lire_image, redresser
from odoo.addons.cnas_feuilles_soin.lecture_page import proposer
from odoo.addons.cnas_feuilles_soin.tests.feuilles_papier import DEGRADATIONS, degrader, feuille_remplie

TITRE = "Lecture des feuilles papier, recherche d'un mot"
FEUILLES, PAGES = 20, 100_000
CHAMPS = ("matricule", "reference", "date_soins", "total", "formation")


def mesurer(banc):
    """But : 9 champs sur 10 justes toutes pages confondues, aucun faux ; un mot parmi 100 000 pages en moins d'une seconde."""
    justes, faux, tous = collections.Counter(), 0, collections.Counter()
    for graine in range(max(2, round(FEUILLES * banc.echelle))):
        image, verite = feuille_remplie(graine)
        for comment in DEGRADATIONS:
            lus = _lire(degrader(image, comment, graine))
            for champ in CHAMPS:
                tous[comment] += 1
                justes[comment] += champ in lus and _juste(champ, lus[champ].valeur, verite[champ])
                faux += champ in lus and not _juste(champ, lus[champ].valeur, verite[champ])
            lignes = {ligne.valeur for ligne in lus["lignes"]}
            tous[comment] += len(verite["lignes"])
            justes[comment] += len(lignes & set(verite["lignes"]))
            faux += len(lignes - set(verite["lignes"]))
    for comment in DEGRADATIONS:
        banc.noter(f"champs justes, page {comment}", 100 * justes[comment] / tous[comment], "%", f"{tous[comment]} champs")
    ensemble = 100 * sum(justes.values()) / sum(tous.values())
    banc.noter("champs justes, ensemble", ensemble, "%", f"{sum(tous.values())} champs", "≥ 90 %", ensemble >= 90)
    banc.noter("champs proposés faux", faux, "", f"{sum(tous.values())} champs")
    _chercher(banc)


def _lire(image):
    sortie = io.BytesIO()
    image.save(sortie, "JPEG", quality=55)
    return proposer(lire_image(redresser(image_de_page(sortie.getvalue(), "image/jpeg", 1))).mots)


def _juste(champ, lue, vraie):
    return vraie.startswith(lue[0]) and vraie.endswith(lue[1]) if champ == "formation" else lue == vraie


def _chercher(banc):
    """Cent mille pages de deux cents mots, dont une porte celui qu'on cherche."""
    pages = round(PAGES * banc.echelle)
    banc.cr.execute("""
        INSERT INTO cnas_page_lue (empreinte, page, texte, confiance, mots, recherche)
        SELECT 'banc', n, '', 90, '[]', to_tsvector('simple', string_agg('mot' || (random() * 50000)::int, ' ') || CASE WHEN n = 7 THEN ' introuvable' ELSE '' END)
          FROM generate_series(1, %s) n, generate_series(1, 200) m GROUP BY n""", [pages])
    banc.cr.execute("ANALYZE cnas_page_lue")
    pieces = banc.env["cnas.feuille_soin.piece"]
    for mots in ("introuvable", "mot4321", "mot12 mot77"):
        duree = banc.chrono(lambda m=mots: pieces.search([("texte_lu", "ilike", m)], limit=80))
        banc.noter(f"« {mots} » parmi {pages} pages", duree * 1000, "ms", but="< 1 000 ms", atteint=duree < 1)
    banc.cr.execute("DELETE FROM cnas_page_lue WHERE empreinte = 'banc'")
