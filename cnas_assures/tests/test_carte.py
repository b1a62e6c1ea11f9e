from datetime import date, timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.garde import sans_suivi

from .commun_documents import CasDocuments


@tagged("post_install", "-at_install", "cnas")
class TestCarte(CasDocuments):

    # ------------------------------------------------------------------ création
    def test_agent_cree_et_avance_jusqu_a_active(self):
        carte = self._carte("active")
        self.assertRegex(carte.numero, r"^CS\d{11}$")
        self.assertTrue(self.env["cnas.matricule.mixin"]._cle_valide(carte.numero))
        self.assertEqual(carte.date_emission, fields.Date.context_today(carte))
        self.assertEqual(self.assure.carte_active_id, carte.with_env(self.env))

    def test_numeros_par_lot_sont_distincts(self):
        cartes = self.env["cnas.carte"].create([{"assure_id": self.assure.id}] * 5)
        self.assertEqual(len(set(cartes.mapped("numero"))), 5)

    def test_refuse_un_assure_qui_n_est_pas_actif(self):
        brouillon = self._assure(actif=False, prenom="Idriss")
        with self.assertRaisesRegex(UserError, "n'est pas un assuré actif"):
            self._carte(assure=brouillon)

    def test_refuse_un_etat_avance_a_la_creation(self):
        with self.assertRaisesRegex(UserError, "se crée à l'état"):
            self._carte(state="active")
        with self.assertRaisesRegex(UserError, "ne s'écrit pas directement"):
            self._carte(qr_texte="1|faux")

    def test_le_numero_ne_s_impose_ni_ne_se_change(self):
        with self.assertRaisesRegex(UserError, "ne s'écrit pas directement"):
            self._carte(numero="CS26000000000")
        with self.assertRaisesRegex(UserError, "ne s'écrit pas directement"):
            self._carte().write({"numero": "CS26000000000"})

    def test_dates_gardees(self):
        carte = self._carte("produite", date_emission="2026-01-05", date_expiration="2027-01-04")
        self.assertEqual(str(carte.date_expiration), "2027-01-04")
        with self.assertRaisesRegex(UserError, "déjà produite"):
            carte.write({"date_expiration": "2035-01-01"})
        with self.assertRaisesRegex(ValidationError, "plausible"):
            self._carte(date_emission="0201-01-05")
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self._carte(date_emission="2026-05-05", date_expiration="2026-05-05").flush_recordset()

    def test_validite_parametree(self):
        self.env["cnas.parametre"]._dater("carte_validite_ans", "5", date(2026, 3, 1))
        carte = self._carte("produite", date_emission="2026-03-01")
        self.assertEqual(str(carte.date_expiration), "2031-02-28")
        self.assertEqual(str(self.env["cnas.carte"]._expiration_par_defaut(date(2026, 2, 28))), "2029-02-27")

    # ------------------------------------------------------------------ transitions
    def test_aucune_transition_par_write(self):
        etats = [e for e, _libelle in self.env["cnas.carte"]._fields["state"].selection]
        for depart in ("demandee", "produite", "remise", "active"):
            carte = self._carte(depart, assure=self._assure(prenom=f"Write {depart}"))
            for role in ("agent", "superviseur", "administrateur"):
                for cible in etats:
                    if cible == depart:
                        continue
                    with self.subTest(depart=depart, cible=cible, role=role), self.assertRaises(UserError):
                        carte.with_user(self.usagers[role]).write({"state": cible})

    def test_transitions_interdites_par_action(self):
        cas = {
            "demandee": ("action_remettre", "action_activer", "action_declarer_perte"),
            "produite": ("action_produire", "action_activer", "action_declarer_perte"),
            "remise": ("action_produire", "action_remettre"),
            "active": ("action_produire", "action_remettre", "action_activer"),
            "annulee": ("action_produire", "action_remettre", "action_activer", "action_declarer_perte"),
        }
        for etat, actions in cas.items():
            assure = self._assure(prenom=f"Interdit {etat}")
            carte = self._carte("demandee" if etat == "annulee" else etat, assure=assure)
            if etat == "annulee":
                carte.action_annuler("Erreur de saisie")
            for action in actions:
                arguments = ("Perdue au marché",) if action == "action_declarer_perte" else ()
                with self.subTest(etat=etat, action=action), self.assertRaises(UserError):
                    getattr(carte, action)(*arguments)
                self.assertEqual(carte.state, etat)

    def test_roles_refuses(self):
        carte = self._carte("produite")
        for role in ("medecin_conseil", "finance", "portail_formation"):
            for action in ("action_produire", "action_remettre", "action_activer", "action_remplacer"):
                with self.subTest(role=role, action=action), self.assertRaises(AccessError):
                    getattr(carte.with_user(self.usagers[role]), action)()
            with self.assertRaises(AccessError):
                carte.with_user(self.usagers[role]).create({"assure_id": self.assure.id})

    def test_annuler_une_carte_active_est_du_superviseur(self):
        carte = self._carte("active")
        with self.assertRaisesRegex(AccessError, "Superviseur"):
            carte.action_annuler("Doublon")
        carte.with_user(self.usagers["superviseur"]).action_annuler("Doublon")
        self.assertEqual((carte.state, carte.motif_cloture), ("annulee", "Doublon"))

    def test_motif_obligatoire(self):
        carte = self._carte("active")
        self.assertEqual(carte.action_declarer_perte()["res_model"], "cnas.motif.wizard")
        self.assertEqual(carte.action_declarer_perte("   ")["res_model"], "cnas.motif.wizard")
        self.assertEqual(carte.state, "active")
        self.assertTrue(carte.action_declarer_perte("Volée au marché de Bongor"))
        self.assertEqual(carte.state, "perdue")

    # ------------------------------------------------------------------ remise
    def test_accuse_de_remise(self):
        carte = self._carte("produite")
        with self.assertRaisesRegex(UserError, "nom est obligatoire"):
            carte.action_remettre(None, "parent")
        with self.assertRaisesRegex(UserError, "pièce d'identité"):
            carte.action_remettre("Zara Ali", "mandataire")
        with self.assertRaisesRegex(UserError, "qualité"):
            carte.action_remettre("Zara Ali", "voisin")
        carte.action_remettre("Zara Ali", "mandataire", "CNI 4512")
        self.assertEqual((carte.remise_a, carte.remise_piece), ("Zara Ali", "CNI 4512"))
        self.assertEqual(carte.remise_par_id, self.agent)
        self.assertTrue(carte._pdf("accuse").startswith(b"%PDF"))

    def test_assistant_de_remise_active_et_rend_l_accuse(self):
        carte = self._carte("produite")
        assistant = self.env["cnas.carte.remise.wizard"].with_user(self.agent).create(
            {"carte_ids": [fields.Command.set(carte.ids)]})
        action = assistant.action_confirmer()
        self.assertEqual(carte.state, "active")
        self.assertIn(f"/cnas/cartes/accuse/{carte.id}", action["url"])

    # ------------------------------------------------------------------ unicité
    def test_une_seule_active_par_personne(self):
        premiere, seconde = self._carte("active"), self._carte("remise")
        with self.assertRaisesRegex(UserError, "déjà une carte active"):
            seconde.action_activer()
        deux = self._carte("remise", assure=self._assure(prenom="Deux"))
        deux |= self._carte("remise", assure=deux.assure_id)
        with self.assertRaisesRegex(UserError, "déjà une carte active"):
            deux.action_activer()
        self.assertEqual(premiere.state, "active")

    def test_remplacement_annule_l_ancienne(self):
        ancienne = self._carte("active")
        nouvelle = self.env["cnas.carte"].browse(ancienne.action_remplacer("deterioration")["res_id"])
        with self.assertRaisesRegex(UserError, "déjà en cours"):
            ancienne.action_remplacer()
        nouvelle.action_produire()
        nouvelle.action_remettre()
        self.assertEqual(ancienne.state, "active")
        nouvelle.action_activer()
        self.assertEqual((ancienne.state, nouvelle.state), ("annulee", "active"))

    def test_activer_une_carte_non_remise_n_annule_pas_l_ancienne(self):
        ancienne = self._carte("active")
        nouvelle = self.env["cnas.carte"].browse(ancienne.action_remplacer()["res_id"])
        with self.assertRaises(UserError):
            nouvelle.action_activer()
        self.assertEqual(ancienne.state, "active")

    def test_une_carte_ne_remplace_que_celle_de_la_meme_personne(self):
        autre = self._carte("active", assure=self._assure(prenom="Autre"))
        with self.assertRaisesRegex(ValidationError, "même personne"):
            self._carte(remplace_id=autre.id)

    def test_perte_puis_remplacement(self):
        carte = self._carte("active")
        carte.action_declarer_perte("Perdue")
        nouvelle = self.env["cnas.carte"].browse(self.assure.with_user(self.agent).action_demander_carte()["res_id"])
        self.assertEqual((nouvelle.remplace_id, nouvelle.motif_demande), (carte.with_env(self.env), "perte"))

    # ------------------------------------------------------------------ fin de vie
    def test_expiration_par_tache_planifiee(self):
        hier = fields.Date.context_today(self.assure) - timedelta(days=1)
        carte = self._carte("active", date_emission="2024-01-01", date_expiration=hier + timedelta(days=1))
        jeune = self._carte("active", assure=self._assure(prenom="Jeune"))
        self.env["cnas.carte"]._cron_expirer()
        self.assertEqual(carte.state, "active")
        carte._ecrire({"date_expiration": hier})
        self.env["cnas.carte"]._cron_expirer()
        self.assertEqual((carte.state, jeune.state), ("expiree", "active"))

    def test_carte_perimee_ne_s_active_pas(self):
        carte = self._carte("remise", date_emission="2020-01-01", date_expiration="2021-01-01")
        with self.assertRaisesRegex(UserError, "expirée"):
            carte.action_activer()

    def test_suppression(self):
        carte = self._carte("produite")
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            carte.unlink()
        self._carte().unlink()

    def test_radiation_annule_les_cartes_et_revoque(self):
        carte, attestation = self._carte("active"), self._attestation()
        self.assure.action_radier("Départ définitif", fields.Date.to_string(fields.Date.context_today(self.assure)))
        self.assertEqual((carte.state, attestation.state), ("annulee", "revoquee"))

    # ------------------------------------------------------------------ lot
    def test_lot_d_impression(self):
        cartes = self.env["cnas.carte"].with_user(self.agent).create(
            [{"assure_id": self._assure(prenom=f"Lot {i}").id} for i in range(12)])
        lot = self.env["cnas.carte.lot"].browse(cartes.action_mettre_en_lot()["res_id"]).with_user(self.agent)
        self.assertEqual((lot.nombre, lot.nombre_planches), (12, 2))
        with self.assertRaisesRegex(UserError, "déjà dans un lot"):
            cartes.action_mettre_en_lot()
        lot.action_produire()
        self.assertEqual(set(cartes.mapped("state")), {"produite"})
        self.assertIn("/cnas/cartes/planche/", lot.action_imprimer()["url"])
        with self.assertRaisesRegex(UserError, "ne change plus"):
            lot.write({"carte_ids": [fields.Command.unlink(cartes[0].id)]})
        with self.assertRaises(UserError):
            lot.action_produire()

    def test_lot_vide_refuse(self):
        lot = self.env["cnas.carte.lot"].with_user(self.agent).create({})
        with self.assertRaisesRegex(UserError, "aucune carte"):
            lot.action_produire()

    def test_une_carte_produite_n_entre_plus_dans_un_lot(self):
        lot = self.env["cnas.carte.lot"].with_user(self.agent).create({})
        produite, demandee = self._carte("produite"), self._carte()
        with self.assertRaisesRegex(UserError, "déjà produite"):
            lot.write({"carte_ids": [fields.Command.link(produite.id)]})
        lot.write({"carte_ids": [fields.Command.link(demandee.id)]})
        lot.write({"carte_ids": [fields.Command.unlink(demandee.id)]})
        self.assertFalse(demandee.lot_id)


@tagged("post_install", "-at_install", "cnas")
class TestCarteConcurrence(CasDocuments):

    def test_un_double_clic_ne_demande_qu_une_carte(self):
        """Deux demandes au même instant : la seconde est rejouée par Odoo, et trouve la première."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            with sans_suivi():
                assure = env["cnas.assure"].create({
                    "nom": "DOUBLE", "prenom": "Clic", "genre": "feminin", "date_naissance": "1990-01-01",
                    "regime_id": env.ref("cnas_base.regime_ass").id})
                assure.action_immatriculer()
            assure_id = assure.id
        cartes = []
        self.addCleanup(lambda: self._effacer(cartes, assure_id))
        with self.registry.cursor() as cr_1, self.registry.cursor() as cr_2:
            un, deux = (api.Environment(cr, SUPERUSER_ID, {})["cnas.assure"].browse(assure_id) for cr in (cr_1, cr_2))
            self.assertFalse(un.carte_ids + deux.carte_ids)  # les deux ont lu avant d'écrire
            cartes.append(un.action_demander_carte()["res_id"])
            cr_1.commit()
            with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
                deux.action_demander_carte()
            cr_2.rollback()
            with self.assertRaisesRegex(UserError, "déjà en cours"):
                deux.action_demander_carte()

    def test_un_double_clic_ne_commande_qu_une_fois_les_cartes_d_une_famille(self):
        """La seconde commande, comme la demande d'un seul membre, attend la première et la trouve."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            with sans_suivi():
                commun = {"nom": "DOUBLE", "genre": "feminin", "regime_id": env.ref("cnas_base.regime_ass").id}
                mere = env["cnas.assure"].create({**commun, "prenom": "Commande", "date_naissance": "1990-01-01"})
                mere.action_immatriculer()
                fille = env["cnas.assure"].create({
                    **commun, "prenom": "Fille", "date_naissance": "2018-02-03", "assure_principal_id": mere.id, "lien": "enfant"})
                fille.action_immatriculer()
            ids = (mere | fille).ids
        cartes = []
        self.addCleanup(lambda: self._effacer(cartes, *ids[::-1]))
        with self.registry.cursor() as cr_1, self.registry.cursor() as cr_2, self.registry.cursor() as cr_3:
            un, deux, trois = (api.Environment(cr, SUPERUSER_ID, {})["cnas.assure"].browse(ids) for cr in (cr_1, cr_2, cr_3))
            self.assertFalse(un.carte_ids + deux.carte_ids + trois.carte_ids)
            cartes.extend(un[0].action_commander_cartes()["domain"][0][2])
            cr_1.commit()
            for geste, cr in ((deux[0].action_commander_cartes, cr_2), (trois[1].action_demander_carte, cr_3)):
                with self.assertRaises(psycopg2.errors.SerializationFailure), mute_logger("odoo.sql_db"):
                    geste()
                cr.rollback()
                with self.assertRaisesRegex(UserError, "première carte|déjà en cours"):
                    geste()

    def test_deux_activations_au_meme_instant(self):
        """Deux connexions activent chacune une carte de la même personne : l'index unique n'en laisse passer qu'une."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            with sans_suivi():
                assure = env["cnas.assure"].create({
                    "nom": "CONCURRENCE", "prenom": "Carte", "genre": "feminin", "date_naissance": "1990-01-01",
                    "regime_id": env.ref("cnas_base.regime_ass").id})
                assure.action_immatriculer()
                cartes = env["cnas.carte"].create([{"assure_id": assure.id}] * 2)
                cartes.action_produire()
                cartes.action_remettre()
            ids, assure_id = cartes.ids, assure.id
        self.addCleanup(self._effacer, ids, assure_id)
        with self.registry.cursor() as cr_1, self.registry.cursor() as cr_2:
            carte_1 = api.Environment(cr_1, SUPERUSER_ID, {})["cnas.carte"].browse(ids[0])
            carte_2 = api.Environment(cr_2, SUPERUSER_ID, {})["cnas.carte"].browse(ids[1])
            self.assertEqual((carte_1.state, carte_2.state), ("remise", "remise"))  # les deux ont lu avant d'écrire
            carte_1.action_activer()
            cr_1.commit()
            with self.assertRaises(psycopg2.IntegrityError) as capture, mute_logger("odoo.sql_db"):
                carte_2.action_activer()
                carte_2.flush_recordset()
            cr_2.rollback()
        self.assertEqual(capture.exception.diag.constraint_name, "cnas_carte_active_unique")
        phrases = {nom: phrase for nom, _definition, phrase in self.env["cnas.carte"]._sql_constraints}
        self.assertIn("déjà une carte active", phrases["active_unique"])

    def _effacer(self, ids, *assures):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM mail_message WHERE model = 'cnas.carte' AND res_id = ANY(%s)", (ids,))
            cr.execute("DELETE FROM cnas_carte WHERE id = ANY(%s)", (ids,))
            cr.execute("DELETE FROM cnas_lien_familial WHERE membre_id = ANY(%s)", (list(assures),))
            for assure in assures:
                cr.execute("DELETE FROM cnas_droit WHERE assure_id = %s", (assure,))
                cr.execute("DELETE FROM cnas_assure WHERE id = %s", (assure,))


@tagged("post_install", "-at_install", "cnas")
class TestEntreesFausses(CasDocuments):

    def test_dates_et_liens_illisibles(self):
        cas = [
            ("cnas.carte", {"assure_id": self.assure.id, "date_expiration": "31/12/2026"}),
            ("cnas.carte", {"assure_id": self.assure.id, "date_emission": 20261231}),
            ("cnas.attestation", {"assure_id": self.assure.id, "date_debut": "demain"}),
            ("cnas.attestation", {}),
            ("cnas.attestation", {"assure_id": 999_999_999}),
            ("cnas.attestation", {"assure_id": "abc"}),
            ("cnas.piece_administrative", {
                "assure_id": self.assure.id, "type_piece_id": self.env.ref("cnas_assures.type_piece_cni").id,
                "date_delivrance": "2026-13-45"}),
        ]
        for modele, valeurs in cas:
            with self.subTest(modele, valeurs=valeurs), self.assertRaises(UserError):
                self.env[modele].with_user(self.agent).create(valeurs)
        with self.assertRaisesRegex(UserError, "AAAA-MM-JJ"):
            self._carte().write({"date_expiration": "n'importe quoi"})

    def test_arguments_d_un_autre_type(self):
        carte = self._carte("active")
        for methode, arguments in (
            ("action_declarer_perte", (42,)), ("action_declarer_perte", ({"a": 1},)), ("action_remplacer", ("vol de nuit",)),
            ("action_remplacer", ([1],)), ("action_remettre", ([], "titulaire")), ("action_remettre", ("X", [])),
            ("obtenir_pdf", ([],)), ("obtenir_pdf", (7,)),
        ):
            with self.subTest(methode, arguments=arguments), self.assertRaises(UserError):
                getattr(carte, methode)(*arguments)
        self.assertEqual(carte.action_declarer_perte([])["res_model"], "cnas.motif.wizard")
        self.assertEqual(carte.state, "active")
