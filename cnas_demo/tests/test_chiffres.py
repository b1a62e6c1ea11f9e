"""Chaque chiffre des tableaux de bord, refait à part en Python sur le jeu de démonstration."""
import json
import statistics
from collections import defaultdict
from pathlib import Path

from dateutil.relativedelta import relativedelta

from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui, jour_de
from odoo.addons.cnas_base.tests.common import TransactionCase

DECIDEES = ("validee", "payee", "rejetee")
MONTANTS = ("montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete")
RACINE = Path(__file__).resolve().parents[2]


def centile(valeurs, part):
    """Le quantile continu, par la définition : entre deux rangs, au prorata."""
    tries = sorted(valeurs)
    rang = part * (len(tries) - 1)
    bas = int(rang)
    return tries[bas] + (rang - bas) * (tries[min(bas + 1, len(tries) - 1)] - tries[bas])


OPERATIONS = {"delai": statistics.fmean, "mediane": statistics.median, "p90": lambda valeurs: centile(valeurs, 0.9)}


@tagged("post_install", "-at_install", "cnas")
class TestChiffres(TransactionCase):
    """Des listes de faits lues dossier par dossier, sommées en Python : aucune vue SQL, aucun regroupement de la base."""

    jour_fige = None  # la démonstration finit le jour de la machine, et les vues lisent celui de PostgreSQL

    def lire(self, modele, domaine=()):
        return self.env[modele].sudo().search(list(domaine))

    # ------------------------------------------------------------------ les faits
    def faits_feuille_analyse(self):
        for f in self.lire("cnas.feuille_soin", [("state", "not in", ("brouillon", "annulee"))]):
            decidee = f.state in DECIDEES
            delai = max((jour_de(f.date_decision) - f.date_depot).days, 0) if f.date_decision else None
            age = (aujourd_hui() - f.date_depot).days
            yield {
                "state": f.state, "nature": f.nature, "agence_id": f.agence_id.id, "controleur_id": f.controleur_id.id,
                "formation_id": f.formation_id.id, "regime_id": f.regime_id.id, "niveau": f.niveau_formation, "date_depot": f.date_depot,
                "recues": 1, "traitees": int(decidee), "en_stock": int(not decidee), "en_instance": int(f.state == "instance"),
                "rejetees": int(f.state == "rejetee"), "droits_fermes": int(f.etat_droits == "fermes"),
                "automatiques": int(decidee and not f.decidee_par_id), "delai": delai, "mediane": delai, "p90": delai,
                "age_stock": False if decidee else next(c for c, borne in zip("12345", (7, 31, 61, 91, 10 ** 6)) if age < borne),
                **{montant: f[montant] for montant in MONTANTS}}

    def faits_facture_chiffres(self):
        for f in self.lire("cnas.facture", [("formation_id", "!=", False), ("state", "not in", ("brouillon", "annulee"))]):
            payee = f.state == "payee"
            yield {
                "formation_id": f.formation_id.id, "periode": f.periode, "factures": 1, "payees": int(payee),
                "paye": f.montant_cnas if payee else 0,
                "a_payer": f.montant_cnas if f.state in ("validee", "ordonnancee") and f.net_a_payer > 0 else 0,
                "delai": max((f.date_paiement - jour_de(f.date_soumission)).days, 0) if payee and f.date_soumission else None}

    def faits_population(self):
        for a in self.lire("cnas.assure", [("state", "!=", "brouillon")]):
            ans = relativedelta(aujourd_hui(), a.date_naissance).years if a.date_naissance else None
            yield {
                "regime_id": a.regime_id.id, "province_id": a.province_id.id, "genre": a.genre, "immatricules": 1,
                "actifs": int(a.state == "actif"), "principaux": int(a.type_assure == "principal"),
                "ayants_droit": int(a.type_assure == "ayant_droit"),
                "tranche_age": "nd" if ans is None else max(c for c in ("00", "05", "15", "25", "50", "65") if int(c) <= ans)}

    def faits(self, modele):
        if modele in ("cnas.feuille_analyse", "cnas.facture_chiffres", "cnas.population"):
            return list(getattr(self, f"faits_{modele.split('.')[1]}")())
        champs = [nom for nom in ("state", "severite", "regle_id", "employeur_id", "en_retard", "montant_avant", "montant_apres", "montant_appele")
                  if nom in self.env[modele]._fields]
        return [{nom: r[nom].id if nom.endswith("_id") else r[nom] for nom in champs} for r in self.lire(modele)]

    # ------------------------------------------------------------------ le compte
    def retenus(self, faits, domaine):
        for champ, operateur, valeur in domaine:
            faits = [f for f in faits if (f[champ] in valeur if operateur == "in" else f[champ] == valeur)]
        return faits

    def mesure(self, champ, faits):
        if champ == "__count":
            return len(faits)
        valeurs = [f[champ] for f in faits if f[champ] is not None]
        return OPERATIONS.get(champ, sum)(valeurs) if valeurs else 0

    def cle(self, fait, groupe):
        champ, _sep, pas = groupe.partition(":")
        return str(fait[champ].replace(day=1)) if pas else fait[champ]

    def cle_rendue(self, rang, groupe):
        valeur = rang[groupe]
        if ":" in groupe:
            return rang["__range"][groupe]["from"]
        return valeur[0] if isinstance(valeur, tuple) else valeur

    def verifier(self, modele, domaine, mesures, groupes):
        """Compare chaque mesure de chaque groupe ; aucun groupe en trop ni en moins."""
        faits = self.retenus(self.faits_lus[modele], domaine)
        attendus = defaultdict(list)
        for fait in faits:
            attendus[tuple(self.cle(fait, g) for g in groupes)].append(fait)
        rendus = self.env[modele].sudo().read_group(domaine, [m for m in mesures if m != "__count"], groupes, lazy=False)
        if groupes:
            self.assertEqual({tuple(self.cle_rendue(r, g) for g in groupes) for r in rendus}, {*attendus})
        for rang in rendus:
            siens = attendus[tuple(self.cle_rendue(rang, g) for g in groupes)]
            for champ in mesures:
                self.assertAlmostEqual(rang[champ] or 0, self.mesure(champ, siens), places=4, msg=f"{champ} {groupes} {siens[:1]}")

    def test_chaque_chiffre_refait_a_part(self):
        documents = {chemin.stem.removesuffix("_dashboard"): json.loads(chemin.read_text(encoding="utf-8")) for chemin in RACINE.glob("cnas_*/data/tableaux/*.json")}
        self.assertEqual({*documents}, {"activite", "liquidation", "formations", "population"})
        comptes = [(nom, p["name"], p["model"], p["domain"], [m["field"] for m in p["measures"]], p["rowGroupBys"])
                   for nom, document in documents.items() for p in document["pivots"].values()]
        comptes += [(nom, "graphe", g["metaData"]["resModel"], g["searchParams"]["domain"], [g["metaData"]["measure"]], g["metaData"]["groupBy"])
                    for nom, document in documents.items() for g in (f["data"] for f in document["sheets"][0]["figures"]) if "metaData" in g]
        self.faits_lus = {modele: self.faits(modele) for modele in {compte[2] for compte in comptes}}
        for nom, titre, *compte in comptes:
            with self.subTest(tableau=nom, chiffre=titre, mesures=compte[2]):
                self.verifier(*compte)
