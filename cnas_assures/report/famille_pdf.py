"""Fiche familiale, A4 : le principal, ses ayants droit, l'état de leurs droits et de leurs cartes."""
from reportlab.lib.colors import HexColor, white
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression import kit as c
from odoo.addons.cnas_base.impression.document import couper
from odoo.addons.cnas_base.impression.langue import _, titres
from odoo.addons.cnas_base.jour import aujourd_hui

from .attestation_pdf import HAUTEUR, LARGEUR, MARGE, UTILE, dessiner_entete
from .identite import ecrire_couple, ecrire_valeur, naissance

MEMBRES_PAR_PAGE = (16, 26)  # première page, suivantes
COLONNES = ((0, 58 * mm), (59 * mm, 29 * mm), (89 * mm, 20 * mm), (110 * mm, 22 * mm), (134 * mm, 40 * mm))


def dessiner_familles(principaux):
    """Rend le PDF des fiches, une ou plusieurs pages chacune. Entrée : `cnas.assure` principaux ; sortie : bytes."""
    return c.imprimer("Fiche familiale", principaux, _fiche)


def _fiche(page, principal):
    membres = principal.ayant_droit_ids.sorted(lambda a: ({"conjoint": 0, "enfant": 1}.get(a.lien, 2), str(a.date_naissance)))
    premiers, suite = membres[:MEMBRES_PAR_PAGE[0]], membres[MEMBRES_PAR_PAGE[0]:]
    pages = 1 + -(-len(suite) // MEMBRES_PAR_PAGE[1])
    dessiner_entete(page)
    if adresse := principal._url_papier("ff"):
        c.dessiner_qr(page, adresse, LARGEUR - MARGE - 22 * mm, HAUTEUR - 60 * mm, 22 * mm)
    devant, dessous = titres("FICHE FAMILIALE", "البطاقة العائلية")
    c.ecrire(page, LARGEUR / 2, HAUTEUR - 47 * mm, devant, 18, gras=True, couleur=c.VERT_SOMBRE, cote="centre")
    c.ecrire(page, LARGEUR / 2, HAUTEUR - 55 * mm, dessous, 15, gras=True, couleur=c.VERT_SOMBRE, cote="centre")
    _principal(page, principal, HAUTEUR - 64 * mm)
    _table(page, premiers, HAUTEUR - 120 * mm, len(membres))
    _pied(page, principal, 1, pages)
    page.showPage()
    for i in range(1, pages):
        dessiner_entete(page)
        lot = suite[(i - 1) * MEMBRES_PAR_PAGE[1]:i * MEMBRES_PAR_PAGE[1]]
        _table(page, lot, HAUTEUR - 46 * mm, len(membres))
        _pied(page, principal, i + 1, pages)
        page.showPage()


def _principal(page, principal, y):
    hauteur = 48 * mm
    bas = y - hauteur
    page.setStrokeColor(c.GRIS_PALE)
    page.roundRect(MARGE, bas, UTILE, hauteur, 3 * mm, stroke=1, fill=0)
    c.dessiner_photo(page, principal.photo, MARGE + 5 * mm, bas + 6 * mm, 28.8 * mm, 36 * mm)
    lignes = (
        (_("Assuré principal"), principal.name), (_("Matricule"), principal.matricule),
        (_("Naissance"), naissance(principal)), (_("Régime"), principal.regime_id.name),
        (_("District"), principal.district_id.name), (_("Téléphone"), principal.telephone_1),
        (_("Droits"), _droits(principal)), (_("Carte"), principal.carte_active_id.numero or _("aucune carte active")),
    )
    for i, (etiquette, valeur) in enumerate(lignes):
        x, ligne_y = MARGE + (40 + 68 * (i % 2)) * mm, y - (7.4 + 10.6 * (i // 2)) * mm
        c.ecrire(page, x, ligne_y, etiquette, 7.5, couleur=c.GRIS)
        ecrire_valeur(page, x, ligne_y, valeur or "—", 64 * mm, 11, 4.6, 7, (3.6, 6.6))


def _droits(assure):
    if assure.etat_droits != "ouverts":
        return _("fermés")
    return _("ouverts au %s", ecrire_date(assure.date_fin_droits)) if assure.date_fin_droits else _("ouverts")


def _table(page, membres, y, total):
    ecrire_couple(page, MARGE, y, UTILE, (f"Ayants droit ({total})", f"ذوو الحقوق ({total})"), (10.5, 12), gras=True, couleur=c.VERT_SOMBRE)
    if not total:
        c.ecrire(page, MARGE, y - 7 * mm, _("Aucun ayant droit."), 9.5, couleur=c.GRIS)
        return
    y -= 7 * mm
    page.setFillColor(c.VERT)
    page.rect(MARGE, y - 2.2 * mm, UTILE, 7 * mm, stroke=0, fill=1)
    for (x, largeur), titre in zip(COLONNES, (_("Nom et prénom"), _("Matricule"), _("Lien"), _("Naissance"), _("Droits · carte"))):
        c.ecrire(page, MARGE + 2 * mm + x, y, titre, 8.5, gras=True, couleur=white, largeur=largeur)
    liens = dict(membres._fields["lien"]._description_selection(membres.env))
    for i, membre in enumerate(membres):
        y -= 7 * mm
        if i % 2:
            page.setFillColor(HexColor("#F4F8F6"))
            page.rect(MARGE, y - 2.2 * mm, UTILE, 7 * mm, stroke=0, fill=1)
        carte = membre.carte_active_id.numero or _("sans carte")
        droits = f"{_droits(membre)} · {carte}"
        _nom(page, MARGE + 2 * mm, y, membre.name, COLONNES[0][1] - 2 * mm)
        for (x, largeur), valeur in zip(COLONNES[1:], (membre.matricule, liens.get(membre.lien, ""), naissance(membre), droits)):
            c.ecrire(page, MARGE + 2 * mm + x, y, valeur, 8.8, largeur=largeur - 2 * mm)


def _nom(page, x, y, nom, largeur):
    """Un nom trop long prend deux lignes : coupé, il ne désignerait plus personne."""
    if len(couper(nom, largeur, 8.8)) == 1:
        c.ecrire(page, x, y, nom, 8.8, largeur=largeur)
        return
    premiere, *suite = couper(nom, largeur, 6.4)
    c.ecrire(page, x, y + 1.4 * mm, premiere, 6.4, largeur=largeur)
    c.ecrire(page, x, y - 1.3 * mm, " ".join(suite), 6.4, largeur=largeur)


def _pied(page, principal, numero, total):
    page.setStrokeColor(c.GRIS_PALE)
    page.line(MARGE, 17 * mm, LARGEUR - MARGE, 17 * mm)
    jour = ecrire_date(aujourd_hui())
    c.ecrire(page, MARGE, 12.5 * mm, _("Situation au %s. Document d'information : il n'ouvre pas l'accès aux soins.", jour),
             7, couleur=c.GRIS, largeur=UTILE - 50 * mm)
    c.ecrire(page, LARGEUR - MARGE, 12.5 * mm, f"{principal.matricule} · {numero}/{total}", 7, couleur=c.GRIS, cote="droite")
