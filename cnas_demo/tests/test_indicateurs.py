"""Chaque indicateur de pilotage, refait à part en Python sur le jeu de démonstration."""
import statistics
from collections import Counter, defaultdict
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui, jour_de
from odoo.addons.cnas_base.tests.common import TransactionCase
from odoo.addons.cnas_facturation.pilotage.definitions import AXES, INDICATEURS

DECIDEES = ("validee", "payee", "rejetee")


def quotient(haut, bas, facteur=1):
    return facteur * haut / bas if bas else None


@tagged("post_install", "-at_install", "cnas")
class TestIndicateurs(TransactionCase):
    """Le calcul indépendant : des listes et des sommes, aucune requête de la table des définitions."""

    jour_fige = None  # la démonstration finit le jour de la machine

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fin = aujourd_hui()
        cls.debut = cls.fin - relativedelta(years=1) + timedelta(days=1)
        dater = cls.env["cnas.parametre"]._dater
        for code, valeur in (("frais_gestion_annuels", 600000), ("dotation_amed_annuelle", 900000), ("reserves", 3000000), ("cible_amed", 500)):
            dater(code, str(valeur), cls.debut)
        cls.caisse = {"frais": 600000, "dotation": 900000, "reserves": 3000000, "cible": 500}

    def dans(self, jour):
        return bool(jour) and self.debut <= jour <= self.fin

    def lire(self, modele, domaine=()):
        return self.env[modele].sudo().with_context(active_test=False).search(list(domaine))

    def attendus(self):
        feuilles = self.lire("cnas.feuille_soin", [("state", "not in", ("brouillon", "annulee"))])
        recues = feuilles.filtered(lambda f: self.dans(f.date_depot))
        traitees = recues.filtered(lambda f: f.state in DECIDEES)
        return {**self._delais(recues, traitees), **self._qualite(recues, traitees), **self._couts(feuilles, recues, traitees),
                **self._pratiques(traitees), **self._risque(recues)}

    def _delais(self, recues, traitees):
        factures = self.lire("cnas.facture", [("state", "=", "payee"), ("formation_id", "!=", False)]).filtered(
            lambda f: f.date_soumission and self.dans(jour_de(f.date_soumission)))
        ententes = self.lire("cnas.entente_prealable", [("date_decision", "!=", False)]).filtered(lambda e: self.dans(jour_de(e.date_demande)))
        closes = self.lire("cnas.demande_pieces", [("date_fermeture", "!=", False)]).filtered(lambda d: self.dans(d.date_demande))
        toutes = self.lire("cnas.feuille_soin", [("state", "!=", "brouillon")])
        stock = toutes.filtered(lambda f: f.date_depot <= self.fin and (
            f.state not in (*DECIDEES, "annulee") or (f.date_decision and jour_de(f.date_decision) > self.fin)))
        decidees = toutes.filtered(lambda f: f.state in DECIDEES and f.date_decision and self.dans(jour_de(f.date_decision)))
        jugees = decidees.filtered("decidee_par_id")
        jours = (self.fin - self.debut).days + 1
        ouvres = sum((self.debut + timedelta(days=n)).weekday() < 5 for n in range(jours))
        datees = traitees.filtered("date_decision")
        return {
            "delai_traitement": quotient(sum((jour_de(f.date_decision) - f.date_depot).days for f in datees), len(datees)),
            "delai_paiement": quotient(sum((f.date_paiement - jour_de(f.date_soumission)).days for f in factures), len(factures)),
            "delai_entente": quotient(sum((jour_de(e.date_decision) - jour_de(e.date_demande)).days for e in ententes), len(ententes)),
            "delai_instance": quotient(sum((d.date_fermeture - d.date_demande).days for d in closes), len(closes)),
            "taux_traitement": quotient(len(traitees), len(recues), 100), "stock": len(stock),
            "age_stock": quotient(sum((self.fin - f.date_depot).days > 60 for f in stock), len(stock), 100),
            "couverture_stock": quotient(len(stock) * jours, len(decidees)),
            "productivite": quotient(len(jugees), len(jugees.decidee_par_id) * ouvres),
        }

    def _qualite(self, recues, traitees):
        lignes = traitees.ligne_ids
        anomalies = self.lire("cnas.anomalie", [("state", "=", "ouverte"), ("severite", "in", ("rejet", "abattement"))]).filtered(
            lambda a: a.feuille_id in traitees)
        motifs = Counter(a.regle_id.id for a in anomalies)
        contestations = self.lire("cnas.contestation").filtered(lambda c: self.dans(c.date_depot))
        jugees = contestations.filtered(lambda c: c.date_decision and c.state != "retiree")
        rejetees = traitees.filtered(lambda f: f.state == "rejetee")
        return {
            "rejet_nombre": quotient(len(rejetees), len(traitees), 100),
            "rejet_montant": quotient(sum(traitees.mapped("montant_rejete")), sum(traitees.mapped("montant_facture")), 100),
            "abattement": quotient(sum(li.montant_rejete for li in lignes if li.decision == "abattue"), sum(lignes.mapped("montant_facture")), 100),
            "instance": quotient(len(recues.filtered(lambda f: f.completude == "incomplet" or f.demande_ids)), len(recues), 100),
            "droits_fermes": quotient(len(recues.filtered(lambda f: f.etat_droits == "fermes")), len(recues), 100),
            "motifs": quotient(max(motifs.values(), default=0), sum(motifs.values()), 100),
            "contestation": quotient(len(jugees.filtered(lambda c: c.state in ("acceptee", "acceptee_partielle"))), len(jugees), 100),
        }

    def _couts(self, feuilles, recues, traitees):
        assures = self.lire("cnas.assure", [("active", "=", True), ("state", "in", ("actif", "suspendu", "radie"))]).filtered(
            lambda a: (not a.date_immatriculation or a.date_immatriculation <= self.fin)
            and (a.state != "radie" or (a.date_radiation and a.date_radiation > self.fin)) and (not a.date_deces or a.date_deces > self.fin))
        part = sum(traitees.mapped("montant_cnas"))
        jours = (self.fin - self.debut).days + 1
        vus = sum(li.quantite_retenue for li in traitees.ligne_ids if li.prestation_id.categorie in ("consultation", "cpn", "visite"))
        soins = sum(f.montant_cnas for f in feuilles if f.state in DECIDEES and self.dans(f.date_soins))
        appelees = sum(d.montant_appele for d in self.lire("cnas.declaration_effectif", [("state", "=", "validee")]) if self.dans(d.periode))
        ressources = appelees + self.caisse["dotation"] * jours / 365
        frais, provision = self.caisse["frais"] * jours / 365, self._provision(feuilles)
        cartes = self.lire("cnas.carte", [("date_remise", "!=", False)]).filtered(lambda c: self.dans(c.date_demande))
        return {
            "cout_feuille": quotient(part, len(traitees.filtered(lambda f: f.state != "rejetee"))),
            "cout_beneficiaire": quotient(part, len(assures)), "cout_consommant": quotient(part, len(recues.assure_id)),
            "utilisation": quotient(vus * 365, len(assures) * jours), "taux_consommants": quotient(len(recues.assure_id), len(assures), 100),
            "sinistralite": quotient(soins + provision, ressources, 100), "ratio_combine": quotient(soins + provision + frais, ressources, 100),
            "frais_gestion": quotient(frais, ressources, 100), "provision": provision, "recouvrement": None,
            "reserve": quotient(self.caisse["reserves"] * 12, soins),
            "cible": quotient(len(assures.filtered(lambda a: a.regime_id.code == "AMED")), self.caisse["cible"], 100),
            "delai_carte": quotient(sum((c.date_remise - c.date_demande).days for c in cartes), len(cartes)),
        }

    def _provision(self, feuilles):
        """Chaînage des retards, à la main : un dictionnaire mois de soins → {retard: montant}."""
        def rang(jour):
            return 12 * jour.year + jour.month

        triangle = defaultdict(Counter)
        for f in feuilles.filtered(lambda f: f.state in DECIDEES and f.date_depot <= self.fin and f.date_soins <= self.fin):
            age = rang(self.fin) - rang(f.date_soins)
            if age < 24:
                triangle[age][rang(f.date_depot) - rang(f.date_soins)] += f.montant_cnas
        plus_vieux = max(triangle)
        facteurs = {}
        for retard in range(plus_vieux):
            murs = [age for age in range(plus_vieux + 1) if age > retard]
            avant = sum(m for age in murs for r, m in triangle[age].items() if r <= retard)
            apres = sum(m for age in murs for r, m in triangle[age].items() if r <= retard + 1)
            facteurs[retard] = apres / avant if avant else 1
        manque = 0
        for age in range(min(plus_vieux, rang(self.fin) - rang(self.debut)) + 1):
            connu = sum(m for r, m in triangle[age].items() if r <= age)
            acheve = connu
            for retard in range(age, plus_vieux):
                acheve *= facteurs[retard]
            manque += acheve - connu
        return round(manque)

    def _pratiques(self, traitees):
        lignes = traitees.ligne_ids
        retenus = lignes.filtered(lambda li: li.prestation_id.type_prestation == "medicament" and li.decision != "rejetee")
        generiques = set(self.lire("cnas.medicament", [("generique", "=", True)]).prestation_id.ids)
        naissances = lignes.filtered(lambda li: li.prestation_id.categorie == "accouchement")
        couts = Counter()
        for f in traitees.filtered("pathologie_id"):
            couts[f.pathologie_id] += f.montant_cnas
        charge = sum(f.ticket_moderateur + f.depassement for f in traitees)
        return {
            "reste_a_charge": quotient(charge, sum(traitees.mapped("montant_facture")), 100),
            "part_pharmacie": quotient(sum(li.montant_cnas for li in lignes if li.prestation_id.type_prestation == "medicament"),
                                       sum(lignes.mapped("montant_cnas")), 100),
            "cesarienne": quotient(sum(li.quantite_retenue for li in naissances if "ésarienne" in li.prestation_id.name),
                                   sum(naissances.mapped("quantite_retenue")), 100),
            "generique": quotient(sum(li.prestation_id.id in generiques for li in retenus), len(retenus), 100),
            "pathologies": quotient(sum(cout for _patho, cout in couts.most_common(10)), sum(couts.values()), 100),
            "formations": self._hors_norme(traitees.filtered(lambda f: f.state != "rejetee")),
        }

    def _hors_norme(self, payees):
        moyens = {cle: statistics.fmean(lot.mapped("montant_cnas")) for cle, lot in
                  payees.grouped(lambda f: (f.niveau_formation, f.formation_id.id)).items()}
        niveaux = defaultdict(list)
        for (niveau, _formation), moyen in moyens.items():
            niveaux[niveau].append(moyen)
        return sum((moyen - statistics.fmean(niveaux[n])) / statistics.stdev(niveaux[n]) >= 3 for (n, _f), moyen in moyens.items()
                   if len(niveaux[n]) > 1 and statistics.stdev(niveaux[n]))

    def _risque(self, recues):
        alertes = self.lire("cnas.anomalie", [("severite", "=", "signalement")]).filtered(lambda a: a.feuille_id in recues)
        vues = alertes.filtered(lambda a: a.state == "levee" or a.feuille_id.state in DECIDEES)
        confirmees = vues.filtered(lambda a: a.state == "ouverte" and (
            a.feuille_id.state == "rejetee" or a.ligne_id.decision in ("rejetee", "abattue")))
        indus = self.lire("cnas.indu", [("state", "!=", "annule")]).filtered(lambda i: self.dans(jour_de(i.create_date)))
        boites = self.lire("cnas.boite_archive", [("state", "!=", "detruite")])
        a_detruire = boites.filtered(lambda b: b.state == "fermee" and all(f.state in (*DECIDEES, "annulee") for f in b.feuille_ids))
        return {
            "confirmation": quotient(len(confirmees), len(vues), 100),
            "indus": quotient(sum(i.montant_compense + i.montant_rembourse for i in indus), sum(indus.mapped("montant")), 100),
            "archivage": quotient(len(a_detruire), len(boites), 100),
        }

    def test_chaque_indicateur_refait_a_part(self):
        rendu = self.env["cnas.indicateur_pilotage"].tableau({"debut": str(self.debut), "fin": str(self.fin)})
        calcules = {i["code"]: i["valeur"] for i in rendu["indicateurs"]}
        attendus = self.attendus()
        self.assertEqual(len(INDICATEURS), 38)
        self.assertEqual(calcules.keys(), attendus.keys())
        for code, attendu in attendus.items():
            with self.subTest(code):
                if attendu is None:
                    self.assertIsNone(calcules[code])
                else:
                    self.assertAlmostEqual(calcules[code], float(attendu), places=4)

    def test_la_somme_des_axes_est_le_total(self):
        """Par agence, régime, formation ou contrôleur (« sans » compris), les feuilles reçues font le total."""
        pilotage = self.env["cnas.indicateur_pilotage"]
        filtres = {"debut": str(self.debut), "fin": str(self.fin)}
        total = next(i["valeur"] for i in pilotage.tableau(filtres)["indicateurs"] if i["code"] == "stock")
        for axe in ("agence", "controleur", "formation"):
            with self.subTest(axe):
                rangs = {r["id"]: r["valeur"] for r in pilotage.par_axe("stock", axe, filtres)}
                sans = next(i["valeur"] for i in pilotage.tableau({**filtres, axe: -1})["indicateurs"] if i["code"] == "stock")
                self.assertEqual(sum(rangs.values()) + (sans or 0), total)

    def test_un_clic_ouvre_ce_qui_est_compte(self):
        pilotage = self.env["cnas.indicateur_pilotage"]
        filtres = {"debut": str(self.debut), "fin": str(self.fin), "agence": self.env["cnas.agence"].search([("code", "!=", False)], limit=1).id}
        valeurs = {i["code"]: i["valeur"] for i in pilotage.tableau(filtres)["indicateurs"]}
        action = pilotage.ouvrir("stock", filtres)
        self.assertEqual(self.env[action["res_model"]].search_count(action["domain"]), valeurs["stock"] or 0)
        tous = {**filtres, **{axe: self.env[modele].search([], limit=1).id for axe, (_colonne, modele, _nom) in AXES.items()}}
        for indicateur in INDICATEURS:
            with self.subTest(indicateur.code):
                action = pilotage.ouvrir(indicateur.code, tous)
                self.env[action["res_model"]].search(action.get("domain") or [], limit=1)
