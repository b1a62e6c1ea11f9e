from datetime import date
from itertools import count

from odoo.addons.cnas_base.tests.common import TransactionCase

TYPES = {1: "centre_sante", 2: "hopital_district", 3: "hopital_provincial", 4: "hopital_reference"}
JOUR = date(2026, 3, 12)


class CommunMoteur(TransactionCase):
    """Un petit monde à part : son régime, ses taux, son panier, ses prestations ; rien ne vient des données livrées."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True, no_reset_password=True))
        cls.rangs = count(1)
        cls.regime = cls.env["cnas.regime"].create({"numero": 9, "code": "ESS", "name": "Régime d'essai"})
        cls.env["cnas.taux"].create({"regime_id": cls.regime.id, "taux": 80, "date_debut": "2020-01-01"})
        cls.panier = cls.env["cnas.panier_soin"].create({"regime_id": cls.regime.id, "date_debut": "2020-01-01"})
        cls.agence = cls.env["cnas.agence"].create({"code": "MOT", "name": "Agence du moteur"})
        cls.district = cls.env["cnas.district"].search([], limit=1)
        cls.categorie = cls.env["cnas.categorie_pathologie"].create({"name": "Essais du moteur"})
        cls.palu = cls.pathologie()
        cls.formation = cls.creer_formation(2)
        cls.assure = cls.creer_assure()
        cls.consultation = cls.prestation("acte", 1500, categorie="consultation")
        cls.comprime = cls.prestation("medicament", 200)
        cls.pansement = cls.prestation("acte", 1000)

    # ------------------------------------------------------------------ le décor
    @classmethod
    def pathologie(cls, **champs):
        """Rend un diagnostic."""
        rang = next(cls.rangs)
        return cls.env["cnas.pathologie"].create({
            "code": f"U{rang // 100:02d}.{rang % 100:02d}", "name": f"Pathologie {rang}", "categorie_id": cls.categorie.id, **champs})

    @classmethod
    def creer_formation(cls, niveau, convention="2020-01-01"):
        """Rend une formation active, conventionnée depuis `convention` (vide : jamais)."""
        rang = next(cls.rangs)
        formation = cls.env["cnas.formation_sanitaire"].create({
            "code": f"MOT-{rang}", "name": f"Formation {rang}", "type_formation": TYPES[niveau],
            "district_id": cls.district.id})
        formation._ecrire({"state": "active"})
        if convention:
            cls.env["cnas.convention"].create({"formation_id": formation.id, "date_debut": convention})._ecrire({"state": "active"})
        return formation

    @classmethod
    def creer_assure(cls, genre="masculin", naissance="1990-06-15", droits="2020-01-01", principal=None, **champs):
        """Rend une personne ; `droits` : ouverture (vide : aucune), dérivée du principal s'il y en a un."""
        rang = next(cls.rangs)
        valeurs = {"nom": "MOTEUR", "prenom": f"N{rang}", "genre": genre, "regime_id": cls.regime.id,
                   "date_naissance": naissance, **champs}
        if principal:
            valeurs.update(type_assure="ayant_droit", assure_principal_id=principal.id, lien="enfant")
        assure = cls.env["cnas.assure"].create(valeurs)
        assure._ecrire({"state": "actif", "date_affiliation": champs.get("date_affiliation", droits)})
        if principal:
            cls.dater_lien(assure, date_debut="2020-01-01")
        elif droits:
            cls.env["cnas.droit"].create({
                "assure_id": assure.id, "regime_id": cls.regime.id, "date_debut": droits, "state": "ouvert"})
        return assure

    @classmethod
    def dater_lien(cls, assure, **dates):
        """Change les dates du lien familial, comme le font les actions de l'assuré."""
        assure.lien_ids._ecrire(dates)

    @classmethod
    def prestation(cls, genre, montant=None, categorie=None, **champs):
        """Rend une prestation (`cnas.prestation`), tarifée `montant` depuis 2020 s'il est donné."""
        rang = next(cls.rangs)
        propres = {"dci": f"dci {rang}"} if genre == "medicament" else {}
        if genre in ("acte", "examen"):
            propres["mode_tarif"] = champs.pop("mode_tarif", "forfait")
        if categorie:
            propres["categorie"] = categorie
        objet = cls.env[f"cnas.{genre}"].create({
            "code": f"MOT-P{rang}", "name": f"Prestation {rang}", "type_prestation": genre, **propres, **champs})
        if montant is not None:
            cls.tarif(objet.prestation_id, montant)
        return objet.prestation_id

    @classmethod
    def tarif(cls, prestation, montant, debut="2020-01-01", fin=False, niveau=False):
        """Ajoute une période de tarif à une prestation."""
        genre = prestation.type_prestation
        objet = cls.env[f"cnas.{genre}"].with_context(active_test=False).search([("prestation_id", "=", prestation.id)])
        return cls.env[f"cnas.config_{genre}"].create({
            f"{genre}_id": objet.id, "montant": montant, "date_debut": debut, "date_fin": fin, "niveau": niveau})

    # ------------------------------------------------------------------ les dossiers
    @classmethod
    def feuille(cls, *lignes, **champs):
        """Rend une feuille déposée ; une ligne : (prestation, quantité, prix[, champs])."""
        rang = next(cls.rangs)
        jour = champs.get("date_soins", JOUR)
        if champs.get("type_soins") == "hospitalisation":
            champs.setdefault("date_fin_soins", jour)
        etat = {"state": champs.pop("state", "deposee"), "numero": f"MOT-{rang:08d}"}
        feuille = cls.env["cnas.feuille_soin"]._creer([{
            "reference": f"MOT-R{rang}", "formation_id": cls.formation.id, "assure_id": cls.assure.id,
            "agence_id": cls.agence.id, "date_soins": jour, "date_depot": champs.get("date_fin_soins") or jour,
            "pathologie_id": cls.palu.id,
            "ligne_ids": [(0, 0, {"prestation_id": li[0].id, "quantite": li[1], "prix_unitaire": li[2],
                                  "sequence": 10 * (place + 1), **(li[3] if len(li) > 3 else {})})
                          for place, li in enumerate(lignes or [(cls.consultation, 1, 1500)])],
            **champs}])
        feuille._ecrire(etat)
        return cls.env["cnas.feuille_soin"].browse(feuille.id)

    def controler(self, *feuilles):
        """Contrôle les feuilles ensemble."""
        lot = self.env["cnas.feuille_soin"].concat(*feuilles)
        lot._controler()
        return lot

    # ------------------------------------------------------------------ les constats
    @staticmethod
    def codes(feuille, state="ouverte"):
        """Rend les codes des anomalies, dans l'ordre."""
        return [a.regle_id.code for a in feuille.anomalie_ids.sorted("ordre") if a.state == state]

    def verifier_equilibre(self, feuilles):
        """Les invariants de la liquidation, ligne par ligne et feuille par feuille."""
        for f in feuilles:
            for objet in (f, *f.ligne_ids):
                self.assertEqual(objet.montant_facture, objet.montant_cnas + objet.ticket_moderateur
                                 + objet.depassement + objet.montant_rejete, objet)
                self.assertTrue(0 <= objet.montant_cnas <= objet.montant_base <= objet.montant_facture, objet)
            for champ in ("montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement",
                          "montant_rejete"):
                self.assertEqual(f[champ], sum(f.ligne_ids.mapped(champ)), champ)

    def regler(self, code, nom, valeur):
        """Change pour toujours la valeur d'un paramètre de règle."""
        regle = self.regle(code)
        regle._dater_parametre(nom, valeur, date(1970, 1, 1))

    def regle(self, code):
        """Rend la règle de ce code."""
        return self.env["cnas.regle_controle"].with_context(active_test=False).search([("code", "=", code)])
