import re
from datetime import datetime, time, timedelta

from freezegun import freeze_time

from odoo import fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import aujourd_hui

from ..liquidation import chargement
from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestFaitsFiges(CommunFeuille):
    """Le dépôt recopie les faits du jour : régime, niveau et type de la formation, jour de N'Djamena."""

    def test_faits_recopies_au_depot(self):
        feuille = self.deposee()
        niveau, genre = self.formation.niveau, self.formation.type_formation
        faits = (self.regime, niveau, genre)
        self.assertEqual((feuille.regime_id, feuille.niveau_formation, feuille.type_formation), faits)
        self.formation._ecrire({"type_formation": "hopital_reference"})
        self.assure.with_user(self.agent).action_changer_regime(
            self.env.ref("cnas_base.regime_asi").id, "Devient indépendant", feuille.date_soins)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertNotEqual(self.formation.niveau, niveau)
        self.assertEqual((feuille.regime_id, feuille.niveau_formation, feuille.type_formation), faits)

    def test_brouillon_sans_faits(self):
        feuille = self.brouillon()
        self.assertFalse(feuille.niveau_formation or feuille.type_formation or feuille.regime_id)
        feuille.with_user(self.agent).action_deposer()
        self.assertEqual(feuille.niveau_formation, self.formation.niveau)

    def test_depot_au_jour_de_n_djamena(self):
        """À 23 h 30 UTC, il est demain à N'Djamena."""
        veille = fields.Date.today() - timedelta(days=3)
        with freeze_time(datetime.combine(veille, time(23, 30))):
            feuille = self.brouillon(date_soins=veille, date_depot=False)
            feuille.action_deposer()
            self.assertEqual(feuille.date_depot, veille + timedelta(days=1))
            self.assertIn(str((veille + timedelta(days=1)).year), feuille.numero)

    def test_soins_du_jour_de_n_djamena(self):
        """Des soins datés d'aujourd'hui à N'Djamena ne sont pas dans le futur, même avant minuit UTC."""
        veille = fields.Date.today() - timedelta(days=3)
        with freeze_time(datetime.combine(veille, time(23, 30))):
            feuille = self.brouillon(date_soins=veille + timedelta(days=1), date_depot=False)
            feuille.action_deposer()
            self.assertEqual(feuille.state, "deposee")

    def test_delai_compte_les_jours_de_n_djamena(self):
        """Déposée et décidée le même jour à N'Djamena : zéro jour, sur la fiche comme dans les tableaux."""
        feuille = self.deposee()
        jour = feuille.date_depot
        feuille.flush_recordset()
        feuille._ecrire({
            "state": "rejetee", "date_decision": datetime.combine(jour, time(23, 15))})
        self.env.flush_all()
        self.assertEqual(feuille.with_context(tz="Africa/Ndjamena").anciennete, 1)
        analyse = self.env["cnas.feuille_analyse"].browse(feuille.id)
        self.assertEqual((analyse.delai, analyse.regime_id), (1, self.regime))

    # ------------------------------------------------------------------ ce que lit une règle
    def _lus(self, requete, alias, modele):
        """Rend les champs du modèle que le chargement du moteur lit."""
        colonnes = set(re.findall(rf"\b{alias}\.(\w+)", requete))
        return sorted(colonnes & self.env[modele]._fields.keys() - set(models.MAGIC_COLUMNS))

    def _autre_valeur(self, record, champ):
        field = record._fields[champ]
        if field.type == "many2one":
            autres = record.env[field.comodel_name].sudo().search([("id", "!=", record.sudo()[champ].id)], limit=1)
            return (autres or self._creer_autre(field.comodel_name)).id
        if field.type == "selection":
            return next(code for code, _nom in field._description_selection(self.env) if code != record.sudo()[champ])
        if field.type == "date":
            return "2019-02-03"
        if field.type == "datetime":
            return "2019-02-03 10:00:00"
        return {"boolean": not record.sudo()[champ], "char": "AUTRE", "text": "AUTRE"}.get(field.type, 7)

    def _creer_autre(self, modele):
        if modele == "cnas.feuille_soin":
            return self.brouillon(reference="AUTRE")
        valeurs = {
            "cnas.carte": {"assure_id": self.assure.id},
            "cnas.entente_prealable": {
                "assure_id": self.assure.id, "formation_id": self.formation.id, "prestation_id": self.acte.prestation_id.id,
                "quantite_demandee": 1, "montant_demande": 1000},
        }
        return self.env[modele]._creer([valeurs[modele]])

    def test_tout_champ_lu_par_une_regle_est_fige_au_depot(self):
        """La liste est celle du chargement du moteur : un fait ajouté demain y est, et doit être figé."""
        feuille = self.deposee()
        lus = self._lus(chargement.SQL_FEUILLES + chargement.SQL_HISTORIQUE, "f", "cnas.feuille_soin")
        lus_ligne = self._lus(chargement.SQL_LIGNES + chargement.SQL_HISTORIQUE, "l", "cnas.feuille_soin.ligne")
        self.assertTrue({"date_ordonnance", "nouveau_ne", "cause", "pathologie_id"} <= set(lus))
        self.assertTrue({"quantite", "duree_jours", "posologie_jour", "ticket_facture"} <= set(lus_ligne))
        for record, champs in ((feuille, lus), (feuille.ligne_ids[0], lus_ligne)):
            for champ in champs:
                for usager in (self.agent, self.agent2, self.controleur, self.superviseur, self.administrateur):
                    valeur = self._autre_valeur(record, champ)
                    with self.subTest(champ=champ, usager=usager.login), self.assertRaises(UserError), \
                            self.cr.savepoint():
                        record.with_user(usager).write({champ: valeur})

    def test_constat_d_un_controleur(self):
        """Pendant le contrôle, à deux, avec l'avant et l'après au journal ; jamais par qui a saisi, jamais après la décision."""
        feuille = self.deposee()
        constate = feuille.with_user(self.controleur)
        faits = {"date_ordonnance": "2026-10-01", "nouveau_ne": True}
        for usager in (self.controleur, self.superviseur, self.administrateur):
            with self.subTest(usager=usager.login), self.assertRaisesRegex(UserError, "se change à deux"):
                feuille.with_user(usager).with_context(install_mode=True).write(faits)
        with self.assertRaises(RedirectWarning) as refus:
            constate.web_save(faits, {})
        self.assertEqual(refus.exception.args[3]["default_valeurs"], faits)
        demande, tardive = self.env["cnas.changement"].browse(
            [constate.demander_changement(faits, "Vu sur la page 2") for _fois in range(2)])
        # Un constat est un fait : il n'attend ni un jour choisi, ni le délai qui protège un compte, la feuille serait décidée sans lui.
        self.env["cnas.parametre"]._dater("delai_changement_jours", "3", aujourd_hui())
        demande._ecrire({"date_effet": aujourd_hui() + timedelta(days=9)})
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual((demande.state, feuille.nouveau_ne), ("applique", True))
        suivante = self.env["cnas.changement"].browse(constate.demander_changement({"date_ordonnance": "2026-10-02", "nouveau_ne": False}, "Page 3"))
        self.assertIn("<td>01/10/2026</td><td><strong>02/10/2026</strong>", suivante.comparaison)
        self.assertIn("<td>oui</td><td><strong>non</strong>", suivante.comparaison)
        ligne = self.env["cnas.journal"].search(
            [("modele", "=", feuille._name), ("res_id", "=", feuille.id), ("evenement", "=", "constat")], limit=1)
        self.assertEqual((ligne.avant, ligne.apres, ligne.user_id), (
            {"date_ordonnance": False, "nouveau_ne": False}, {"date_ordonnance": "2026-10-01", "nouveau_ne": True}, self.superviseur))
        self.assertIn("demandé par", feuille.message_ids[0].body.lower())
        self.assertIn("Constat", "".join(feuille.message_ids.mapped("body")))
        with self.assertRaisesRegex(UserError, "ne se change pas par une demande"):
            constate.demander_changement({"total_declare": 5}, "Le reste du papier est figé")
        feuille._ecrire({"saisie_par_id": self.controleur.id})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            constate.demander_changement({"cause": "programme"}, "Juge et partie")
        feuille._ecrire({"saisie_par_id": self.superviseur.id})
        for decider in (tardive.with_user(self.superviseur).action_accepter,
                        lambda: tardive.with_user(self.superviseur).action_refuser("Juge et partie")):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                decider()
        feuille._ecrire({"saisie_par_id": self.agent.id, "state": "validee"})
        with self.assertRaisesRegex(UserError, "n'est plus au contrôle"):
            tardive.with_user(self.superviseur).action_accepter()
        feuille._ecrire({"state": "instance"})
        feuille.with_user(self.agent2).cause = "maladie"
        for vals in ({"cause": "programme"}, {"attestation_nouveau_ne": True}):
            with self.subTest(vals=vals), self.assertRaises(UserError):
                feuille.with_user(self.agent2).write(vals)

    def test_requetes_de_la_liste_des_demandes(self):
        """Qui peut décider se lit pour toute la liste à la fois, non demande par demande."""
        couts = []
        for combien in (1, 2, 8):  # la première chauffe
            demandes = self.env["cnas.changement"].browse([
                self.deposee().with_user(self.controleur).demander_changement({"cause": "maladie"}, "Vu sur la page 2")
                for _fois in range(combien)]).with_user(self.superviseur)
            couts.append(self.requetes(lambda d=demandes: d.mapped("peut_accepter")))
            self.assertTrue(all(demandes.mapped("peut_accepter")))
        self.assertEqual(couts[2], couts[1])
