"""Ordre et rapport d'une mission de contrôle."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.document import MARGE, Document
from odoo.addons.cnas_base.impression.kit import GRIS, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue, titres
from odoo.addons.cnas_base.jour import aujourd_hui

TITRES_ARABES = {"ORDRE DE MISSION": "أمر مهمة", "RAPPORT DE MISSION": "تقرير مهمة"}


def dessiner_ordre(mission):
    """Rend les octets du PDF de l'ordre de mission."""
    with dans_sa_langue(mission) as mission:
        doc = _document("ORDRE DE MISSION", mission)
        doc.paragraphe(_("Les personnes nommées ci-dessus sont autorisées à se rendre dans cette formation, à s'y faire présenter registres, "
                         "ordonnances, feuilles de soins et cartes, et à entendre le personnel et les assurés qui l'acceptent."), 9.5)
        _texte(doc, _("À vérifier"), mission.a_verifier)
        return _signer(doc, mission.signataire_id.name, mission.date_signature)


def dessiner_rapport(mission):
    """Rend les octets du PDF du rapport de mission."""
    with dans_sa_langue(mission) as mission:
        doc = _document("RAPPORT DE MISSION", mission)
        _texte(doc, _("Constats"), mission.rapport)
        _texte(doc, _("Recommandations"), mission.recommandations)
        return _signer(doc, mission.chef_id.name, mission.date_rapport)


def _document(titre, mission):
    doc = Document(f"{titre} {mission.numero}", _("%(numero)s — imprimé le %(jour)s", numero=mission.numero, jour=ecrire_date(aujourd_hui())),
                   paysage=False)
    doc.entete(*titres(titre, TITRES_ARABES[titre]))
    ecrire(doc.page, doc.largeur / 2, doc.y, _("N° %s", mission.numero), 10, gras=True, cote="centre")
    doc.y -= 8 * mm
    equipe = ", ".join((mission.chef_id | mission.equipe_ids).mapped("name"))
    rangs = [
        (_("Objet"), mission.objet), (_("Formation"), mission.formation_id.display_name),
        (_("District"), mission.formation_id.district_id.name or "—"),
        (_("Jours"), _("du %(debut)s au %(fin)s", debut=ecrire_date(mission.date_debut), fin=ecrire_date(mission.date_fin))),
        (_("Chef de mission"), mission.chef_id.name), (_("Équipe"), equipe), (_("Transport"), mission.transport or "—")]
    doc.y -= doc.cadre(MARGE, doc.largeur - 2 * MARGE, _("Mission de contrôle"), rangs, taille=9, interligne=5.4 * mm) + 2 * mm
    return doc


def _texte(doc, titre, texte):
    if texte:
        doc.place(16 * mm)
        doc.y -= 8 * mm
        ecrire(doc.page, MARGE, doc.y, titre, 10, gras=True)
        doc.y -= 2 * mm
        for ligne in texte.splitlines():
            doc.paragraphe(ligne or " ", 9.5)


def _signer(doc, nom, jour):
    doc.place(24 * mm)
    doc.y -= 10 * mm
    ecrire(doc.page, doc.largeur / 2, doc.y, _("%(nom)s, le %(jour)s", nom=nom or "…", jour=ecrire_date(jour)), 9, gras=True)
    ecrire(doc.page, doc.largeur / 2, doc.y - 5 * mm, _("Signature et cachet"), 7.5, couleur=GRIS)
    return doc.terminer()
