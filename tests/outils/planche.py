"""Planche de tous les papiers de la caisse, en PDF et en images : `./cnas planche [DOSSIER]`, à regarder avant de livrer.

Chaque papier sort avec un nom court, un nom long et un nom en deux écritures ; ceux qui ont une table, avec 300 lignes.
Tous sortent en français, puis en arabe (« -ar »), comme pour un destinataire qui l'a choisi.
Rien n'est écrit dans la base : la transaction est défaite.
"""
import itertools
import sys
from pathlib import Path

import pypdfium2

import odoo
from odoo import SUPERUSER_ID, api

NOMS = {
    "court": ("ABAKAR", "Ali"),
    "long": ("NGARADOUM DJIMRANGAR MBAÏOGUELEM", "Abdelkerim Mahamat-Saleh Ousmane Youssouf"),
    "nom_ar": ("ABAKAR\tأبكر", "Mahamat Saleh\tمحمد صالح"),
    "arabe": ("محمد صالح ABAKAR", "ɓaɗi ŋaʼa ʿAli (عائشة)"),
}
LIGNES, PAGES_MONTREES, ARABE = 300, 3, "ar_001"
SEULS = (
    ("cnas.bordereau_transmission", "bordereau", []), ("cnas.boite_archive", "etiquette", []), ("cnas.destruction", "destruction", []),
    ("cnas.facture", "facture", []), ("cnas.decompte", "decompte", []), ("cnas.indu.reglement", "recu", []),
    ("cnas.indu", "quittance", [("quittance", "!=", False)]), ("cnas.entente_prealable", "entente", [("state", "in", ("accordee", "refusee"))]),
    ("cnas.appel_cotisation", "appel", [("numero", "!=", False)]), ("cnas.encaissement", "recu_cotisations", []),
    ("cnas.recouvrement.acte", "lettre", []))


class Porteur:
    """Une carte ou une attestation sous un autre nom : l'identité imprimée est figée, la base ne la change pas."""

    def __init__(self, papier, nom, prenom):
        self._papier, self._nom, self._prenom = papier, nom, prenom

    def __getattr__(self, attribut):
        return getattr(self._papier, attribut)

    def _identites(self):
        identites = dict(self._papier._identites())
        for cle in ("recto", "titulaire"):
            if isinstance(identites.get(cle), (list, tuple)):
                noms = {"Nom": self._nom, "Prénom": self._prenom}
                identites[cle] = [(francais, arabe, noms.get(francais, valeur)) for francais, arabe, valeur in identites[cle]]
        return identites


def papiers(env):
    """Rend des (nom, octets) : tous les papiers, tour à tour."""
    from odoo.addons.cnas_assures.report.attestation_pdf import dessiner_attestations
    from odoo.addons.cnas_assures.report.carte_pdf import dessiner_cartes

    feuilles = env["cnas.feuille_soin"]
    feuille = feuilles.search([("numero", "!=", False), ("ligne_ids", "!=", False)], limit=1)
    instance = feuilles.search([("state", "=", "instance")], limit=1) or feuille
    rejetee = feuilles.search([("state", "=", "rejetee"), ("anomalie_ids", "!=", False)], limit=1) or feuille
    assure = feuille.assure_id
    assure = assure.assure_principal_id or assure
    carte = env["cnas.carte"].search([("state", "in", ("produite", "remise", "active"))], limit=1)
    attestation = env["cnas.attestation"].search([], limit=1)
    for nom, (famille, prenom) in NOMS.items():
        for une in assure | feuille.assure_id | rejetee.assure_id | instance.assure_id | carte.assure_id | attestation.assure_id:
            une._ecrire({"nom": famille.split("\t")[0], "prenom": prenom.split("\t")[0]})
        yield from ((f"{papier}-{nom}", contenu) for papier, contenu in (
            ("accuse", feuille._pdf_accuse()), ("demande_pieces", instance._pdf_demande()), ("rejet", rejetee._pdf_rejet()),
            ("carte", dessiner_cartes([Porteur(carte, famille, prenom)])), ("carte_remise", carte._pdf("accuse")),
            ("attestation", dessiner_attestations([Porteur(attestation, famille, prenom)])), ("famille", assure._pdf_famille())))
    yield "planche_cartes", env["cnas.carte"].search([("state", "in", ("produite", "remise", "active"))], limit=12)._pdf("planche")
    yield from _longs(env, feuille)
    for modele, papier, domaine in SEULS:
        un = modele in env and env[modele].search(domaine, limit=1)
        if un:
            yield papier, un._pdf()
    mission = env["cnas.mission"].search([], limit=1)
    if mission:
        yield from (("mission_ordre", mission._pdf_ordre()), ("mission_rapport", mission._pdf_rapport()))
    employeur = env["cnas.employeur"].search([("state", "=", "actif")], limit=1)
    if employeur:
        from odoo.addons.cnas_employeurs.report.situation_pdf import dessiner_situation
        yield from (("situation_declarations", dessiner_situation(employeur)), ("situation_cotisations", employeur.telecharger_situation()))
    lot = env["cnas.lot_paiement"].search([("ordre_ids", "!=", False)], limit=1)
    if lot:
        yield "lot_paiement", lot._pdf_etat()


def en_arabe(env):
    """Rend les mêmes, pour des destinataires qui ont choisi l'arabe et un agent qui l'a à l'écran."""
    for modele in ("cnas.assure", "cnas.formation_sanitaire", "cnas.employeur"):
        env[modele].search([]).langue = ARABE
    env["res.lang"]._activate_lang(ARABE)
    yield from ((f"{nom}-ar", contenu) for nom, contenu in papiers(env(context={**env.context, "lang": ARABE})))


def _longs(env, feuille):
    """Les papiers à table, avec trois cents lignes, et deux cents accusés d'un coup."""
    lignes = itertools.cycle(feuille.ligne_ids.mapped("prestation_id").ids)
    longue = env["cnas.feuille_soin"].create({
        "formation_id": feuille.formation_id.id, "assure_id": feuille.assure_id.id, "date_soins": feuille.date_soins, "reference": f"PLANCHE-300-{env.lang}",
        "ligne_ids": [(0, 0, {"prestation_id": next(lignes), "quantite": 1 + n % 9, "prix_unitaire": 100 + n}) for n in range(LIGNES)]})
    from odoo.addons.cnas_feuilles_soin.report.papiers_pdf import dessiner_accuses
    yield "accuse-300-lignes", dessiner_accuses(longue)
    deposees = env["cnas.feuille_soin"].search([("numero", "!=", False)], limit=200)
    yield "accuses-200", dessiner_accuses(list(itertools.islice(itertools.cycle(deposees), 200)))


def principal(base, configuration, dossier):
    """Écrit les PDF et les images de leurs premières pages."""
    odoo.tools.config.parse_config(["-c", configuration])
    dossier = Path(dossier)
    with odoo.registry(base).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"lang": "fr_FR", "tracking_disable": True})
        for nom, contenu in itertools.chain(papiers(env), en_arabe(env)):
            (dossier / f"{nom}.pdf").write_bytes(contenu)
            document = pypdfium2.PdfDocument(contenu)
            for rang in range(min(len(document), PAGES_MONTREES)):
                document[rang].render(scale=110 / 72).to_pil().save(dossier / f"{nom}-{rang + 1}.png")
            print(f"{nom} : {len(document)} page(s), {len(contenu) // 1024} Ko", flush=True)
        cr.rollback()


if __name__ == "__main__":
    principal(*sys.argv[1:])
