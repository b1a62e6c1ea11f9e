from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from odoo.addons.cnas_base.models.garde_mixin import CLES_QUI_TAISENT
from odoo.addons.cnas_base.tests.common import periodes_hors_journal

from .common import RIB_VRAI, CasFormations


@tagged("post_install", "-at_install", "cnas")
class TestGarde(CasFormations):
    """Aucune espèce d'attaque n'écrit un état, une date, un contact ou un RIB que seul le code mène."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jour = fields.Date.context_today(cls.env.user)
        cls.formation = cls.creer_formation("brouillon", rib_principal=RIB_VRAI)
        cls.formation.action_activer()
        cls.convention = cls.creer_convention(cls.formation, cls.jour)
        cls.carnet = cls.env["cnas.carnet"].create(
            {"formation_id": cls.formation.id, "debut": 810_000_001, "fin": 810_000_050})
        cls.praticien = cls.env["cnas.praticien"].create({"name": "Dr Garde", "numero_ordre": "ONMT-7001"})
        cls.demande = cls.env["cnas.demande_rib"].with_user(cls.roles["agent2"]).create({
            "formation_id": cls.formation.id, "rib_nouveau": cls.un_rib(77), "justification": "Essai"})
        # (enregistrement, valeurs forgées, valeurs de création justes)
        cls.cibles = [
            (cls.formation, {"state": "fermee", "date_activation": "2020-01-01", "motif_fermeture": "x", "niveau": 4,
                             "province_id": cls.env["cnas.province"].search(
                                 [("id", "!=", cls.formation.province_id.id)], limit=1),
                             "partner_id": cls.env.company.partner_id, "user_ids": cls.roles["agent"]},
             {"code": "FORGE-1", "name": "Forgée"}),
            (cls.convention, {"state": "active", "date_denonciation": "2020-01-01", "date_echeance_origine": "2020-01-01",
                              "piece_signee": True},
             {"formation_id": cls.creer_formation().id, "date_debut": "2025-01-01"}),
            (cls.carnet, {"state": "perdu", "motif_perte": "x", "nombre": 7},
             {"formation_id": cls.formation.id, "debut": 810_000_101, "fin": 810_000_150}),
            (cls.praticien, {"state": "radie", "date_radiation": "2020-01-01", "motif_radiation": "x"},
             {"name": "Dr Forgé", "numero_ordre": "ONMT-7002"}),
            (cls.demande, {"state": "validee", "validateur_id": cls.roles["superviseur"], "rib_ancien": "x"},
             {"formation_id": cls.formation.id, "usage": "pharmacie", "rib_nouveau": cls.un_rib(78),
              "justification": "Essai"}),
        ]

    def forges(self, role="agent"):
        """Rend chaque (enregistrement, champ, valeur forgée, valeurs de création), au nom d'un rôle."""
        for cible, valeurs, creation in self.cibles:
            for champ, valeur in valeurs.items():
                field = cible._fields[champ]
                if field.type == "many2many":
                    valeur = [Command.set(valeur.ids)]
                elif field.relational:
                    valeur = valeur.id
                yield self.en_tant_que(role, cible), champ, valeur, creation

    # ------------------------------------------------------------------ par espèce
    def test_tous_les_modeles_sont_gardes(self):
        for nom, modele in self.env.registry.items():
            if modele._original_module in ("cnas_formations", "cnas_referentiels") and modele._auto \
                    and not modele._abstract and not modele._transient and nom.startswith("cnas."):
                self.assertIn("cnas.garde.mixin", {parent._name for parent in modele.mro() if hasattr(parent, "_name")}, nom)

    def test_valeur_et_contexte(self):
        """Ni la valeur, ni une clé du contexte n'ouvre un champ gardé, calculés stockés compris."""
        cles = dict.fromkeys(CLES_QUI_TAISENT, True) | {"cnas_verrou": True, "cnas_ouverture": "*"}
        for role in ("agent", "superviseur", "administrateur"):
            for cible, champ, valeur, creation in self.forges(role):
                for records in (cible, cible.with_context(**cles)):
                    with self.subTest(role=role, champ=f"{cible._name}.{champ}"):
                        with self.assertRaises(UserError):
                            records.write({champ: valeur})
                        with self.assertRaises(UserError):
                            records.create({**creation, champ: valeur})

    def test_defaut_forge(self):
        for cible, champ, valeur, creation in self.forges():
            with self.subTest(champ=f"{cible._name}.{champ}"), self.env.cr.savepoint():
                forge = cible.with_context(**{f"default_{champ}": valeur}).create(creation)
                attendu = cible._fields[champ].convert_to_cache(valeur, forge, validate=False)
                self.assertNotEqual(cible._fields[champ].convert_to_cache(forge[champ], forge, validate=False), attendu)
                if forge._name == "cnas.demande_rib":
                    forge.action_annuler()  # une seule demande en attente par compte
                else:
                    forge.sudo().unlink()

    def test_commande_imbriquee(self):
        formation = self.en_tant_que("superviseur", self.formation)
        enfants = (("convention_ids", self.convention, {"date_debut": self.jour + timedelta(days=900)}),
                   ("carnet_ids", self.carnet, {"debut": 810_000_201, "fin": 810_000_250}))
        for inverse, enfant, creation in enfants:
            etat = next(valeurs["state"] for cible, valeurs, _c in self.cibles if cible == enfant)
            for commande in (Command.update(enfant.id, {"state": etat}), Command.create({**creation, "state": etat})):
                for appel in (
                    lambda c=commande, i=inverse: formation.write({i: [c]}),
                    lambda c=commande, i=inverse: formation._ecrire({"motif_fermeture": "x", i: [c]}),
                    lambda c=commande, i=inverse: formation.create({"code": "FORGE-2", "name": "F", i: [c]}),
                ):
                    with self.subTest(inverse=inverse, commande=commande), self.assertRaises(UserError):
                        appel()
        with self.assertRaises(UserError):
            formation.write({"demande_rib_ids": [Command.update(self.demande.id, {"state": "validee"})]})
        with self.assertRaisesRegex(UserError, "boutons"):
            formation.write({"suspension_ids": [Command.create({"date_debut": self.jour, "motif": "x"})]})
        self.assertEqual((self.convention.state, self.carnet.state), ("brouillon", "delivre"))

    def test_load(self):
        for cible, champ, valeur, _creation in self.forges("administrateur"):
            field = cible._fields[champ]
            if field.relational:
                continue
            libelle = dict(field._description_selection(self.env)).get(valeur) if field.type == "selection" else valeur
            with self.subTest(champ=f"{cible._name}.{champ}"):
                refus = cible.load([".id", champ], [[str(cible.id), str(libelle)]])
                self.assertFalse(refus["ids"])
                self.assertIn("error", {m["type"] for m in refus["messages"]})

    def test_web_save(self):
        for cible, champ, valeur, creation in self.forges("superviseur"):
            with self.subTest(champ=f"{cible._name}.{champ}"):
                with self.assertRaises(UserError):
                    cible.web_save({champ: valeur}, {})
                with self.assertRaises(UserError):
                    cible.browse().web_save({**creation, champ: valeur}, {})

    def test_copy(self):
        for cible, champ, valeur, _creation in self.forges("superviseur"):
            if cible._name in ("cnas.formation_sanitaire", "cnas.praticien"):
                obligatoires = {} if cible == self.formation else {"numero_ordre": "ONMT-7003"}
                with self.subTest(champ=f"{cible._name}.{champ}"), self.assertRaises(UserError):
                    cible.copy({champ: valeur, **obligatoires})
        copie = self.en_tant_que("agent", self.formation).copy()
        self.assertRecordValues(copie, [{
            "state": "brouillon", "date_activation": False, "compte_principal_id": False}])
        self.assertFalse(copie.sudo().user_ids)
        self.assertNotEqual(copie.sudo().partner_id, self.formation.partner_id)

    def test_le_contexte_ne_tait_pas_la_trace(self):
        def messages():
            self.env.flush_all()
            self.cr.precommit.run()
            return self.env["mail.message"].search_count(
                [("model", "=", self.formation._name), ("res_id", "=", self.formation.id)])

        avant = messages()
        formation = self.en_tant_que("agent", self.formation)
        formation.with_context(**dict.fromkeys(CLES_QUI_TAISENT, True)).write({"name": "Renommée"})
        self.assertEqual(messages(), avant + 1)

    # ------------------------------------------------------------------ ce que la garde du métier ajoute
    def test_code_fige_une_fois_activee(self):
        """Les feuilles citent le code ; le type se change à deux (`TestNiveau`)."""
        for role in ("agent", "administrateur"):
            with self.assertRaisesRegex(UserError, "formation activée"):
                self.en_tant_que(role, self.formation).code = "AUTRE-01"

    def test_ce_que_porte_un_virement(self):
        compte = self.en_tant_que("agent", self.formation.compte_principal_id)
        banque = self.env["res.bank"].create({"name": "Banque d'essai"})
        for valeurs in ({"acc_holder_name": "Fraudeur SARL"}, {"bank_id": banque.id}, {"sanitized_acc_number": "1"}):
            with self.subTest(valeurs=valeurs), self.assertRaises(UserError):
                compte.write(valeurs)
        with self.assertRaisesRegex(ValidationError, "titulaire"):
            compte.create({"partner_id": self.formation.partner_id.id, "acc_number": self.un_rib(79),
                           "acc_holder_name": "Fraudeur SARL"})

    def test_sans_role_ne_lit_aucun_rib(self):
        sans_role = new_test_user(self.env, "sans_role_rib", groups="base.group_user")
        comptes = self.env["res.partner.bank"]
        self.assertFalse(comptes.with_user(sans_role).search([("partner_id", "=", self.formation.partner_id.id)]))
        for role in ("agent", "medecin", "finance"):
            self.assertIn(self.formation.compte_principal_id, self.en_tant_que(role, comptes).search([]))

    def test_bouton_et_action_disent_pareil(self):
        demande = self.en_tant_que("agent2", self.demande)
        self.assertFalse(demande.peut_valider)
        self.assertIn("Quatre yeux", demande.raison_valider)
        self.assertTrue(self.en_tant_que("agent", self.demande).peut_valider)
        arch = self.en_tant_que("agent", self.formation).get_view(view_type="form")["arch"]
        self.assertIn("not peut_suspendre", arch)

    def test_un_rib_change_se_lit_au_journal(self):
        ancien = self.formation.compte_principal_id
        self.en_tant_que("agent", self.demande).action_valider()
        ligne = self.env["cnas.journal"].search(
            [("modele", "=", self.formation._name), ("res_id", "=", self.formation.id)], limit=1)
        self.assertEqual(ligne.user_id, self.roles["agent"])
        self.assertEqual((ligne.avant, ligne.apres), (
            {"compte_principal_id": ancien.ids}, {"compte_principal_id": self.formation.compte_principal_id.ids}))

    def test_toute_periode_est_au_journal(self):
        self.assertEqual(periodes_hors_journal(self.env, "cnas_formations"), [])
