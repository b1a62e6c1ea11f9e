from odoo import Command
from odoo.exceptions import UserError
from odoo.tests.common import tagged

from .commun_facture import CommunFacture

CONTEXTES = (
    {"tracking_disable": True}, {"install_mode": True}, {"cnas_verrou": True, "cnas_facturation": True},
    {"mail_notrack": True, "noupdate": True},
)


@tagged("post_install", "-at_install", "cnas")
class TestGarde(CommunFacture):
    """Rien ne se forge : ni par les valeurs, ni par le contexte, ni par ricochet, ni par import, ni par copie."""

    def setUp(self):
        super().setUp()
        facture = self.en_controle(nombre=2)
        self.decider(facture.feuille_ids[0], "rejetee")
        facture.with_user(self.superviseur).action_valider()
        facture.with_user(self.finance).action_ordonnancer()
        facture.with_user(self.finance2).action_payer(self.jour(), "VIR-0")
        self.facture = facture
        self.ligne = facture.decompte_id.ligne_ids.filtered(lambda n: n.decision == "rejetee")[0]
        self.contestation = self.env["cnas.contestation"].with_user(self.portail).create({
            "decompte_ligne_id": self.ligne.id, "motif": "Ordonnance jointe", "montant_demande": 1000})
        self.indu = self.env["cnas.indu"].with_user(self.controleur).create({
            "formation_id": self.formation.id, "montant": 500, "motif": "Acte fictif"})
        self.indu.with_user(self.superviseur).action_notifier()
        self.feuille()
        self.suivante = self.validee(feuilles=self.feuilles)
        self.suivante.with_user(self.finance).action_ordonnancer()
        lot = self.suivante.ordre_ids.with_user(self.finance2).action_creer_lot()["res_id"]
        self.lot = self.env["cnas.lot_paiement"].browse(lot)
        self.env.flush_all()

    def _cibles(self):
        """Rend [(enregistrement, valeurs forgées)] de chaque modèle à état ou à montant."""
        autre = self.autre_formation.id
        return [
            (self.suivante, {"state": "payee"}), (self.suivante, {"net_a_payer": 999999}),
            (self.suivante, {"ordonnateur_id": self.agent.id}), (self.suivante, {"reference_paiement": "FAUX"}),
            (self.suivante, {"montant_declare": 3}),
            (self.facture.decompte_id, {"state": "contre_passe"}), (self.facture.decompte_id, {"net_principal": 1}),
            (self.facture.decompte_id, {"date_limite_recours": "2099-01-01"}), (self.ligne, {"montant_cnas": 1}),
            (self.contestation, {"state": "acceptee"}), (self.contestation, {"montant_accorde": 900}),
            (self.contestation, {"formation_id": autre}), (self.contestation, {"facture_id": self.suivante.id}),
            (self.contestation, {"decompte_id": self.suivante.decompte_id.id}),
            (self.contestation, {"compte": "pharmacie" if self.contestation.compte == "principal" else "principal"}),
            (self.contestation, {"deposant_id": self.agent.id}), (self.contestation, {"degre": "2"}),
            (self.contestation, {"facture_complement_id": self.suivante.id}),
            (self.indu, {"state": "annule"}), (self.indu, {"solde": 0}), (self.indu, {"montant_compense": 500}),
            (self.indu, {"montant": 1}), (self.indu.compensation_ids, {"montant": 1}),
            (self.indu.compensation_ids, {"facture_id": self.facture.id}),
            (self.suivante.ordre_ids[0], {"state": "paye"}), (self.suivante.ordre_ids[0], {"rib": "X"}),
            (self.suivante.ordre_ids[0], {"montant": 1}), (self.suivante.ordre_ids[0], {"lot_id": False}),
            (self.lot, {"state": "execute"}), (self.lot, {"reference": "FAUX"}),
            (self.suivante.feuille_ids[-1], {"facture_id": self.facture.id}),
            (self.suivante.feuille_ids[-1], {"report_periode": "2027-01-01"}),
        ]

    def _usagers(self):
        return (self.portail, self.agent, self.controleur, self.superviseur, self.finance, self.tout, self.env.user)

    def test_write_forge(self):
        """Chaque modèle × chaque rôle × chaque contexte : refusé, et rien n'a bougé."""
        for enregistrement, valeurs in self._cibles():
            avant = enregistrement.sudo().read(list(valeurs))
            for usager in self._usagers():
                for contexte in CONTEXTES:
                    with self.subTest(cible=enregistrement, valeurs=valeurs, usager=usager.login, contexte=contexte), \
                            self.assertRaises(UserError):
                        enregistrement.with_user(usager).with_context(**contexte).write(valeurs)
            self.env.invalidate_all()
            self.assertEqual(enregistrement.sudo().read(list(valeurs)), avant)

    def test_web_save_et_load_forges(self):
        for enregistrement, valeurs in self._cibles():
            for usager in (self.agent, self.superviseur, self.finance):
                vise = enregistrement.with_user(usager)
                if not vise.check_access_rights("read", raise_exception=False):
                    continue
                with self.subTest(cible=enregistrement, valeurs=valeurs, usager=usager.login):
                    with self.assertRaises(UserError):
                        vise.web_save(valeurs, {"id": {}})
                    champ, valeur = next(iter(valeurs.items()))
                    relation = enregistrement._fields[champ].relational
                    resultat = vise.with_context(install_mode=True).load(
                        [".id", f"{champ}/.id" if relation else champ], [[str(enregistrement.id), str(valeur or "")]])
                    self.assertFalse(resultat["ids"])
        self.env.invalidate_all()
        self.assertEqual((self.suivante.state, self.contestation.state, self.lot.state), ("ordonnancee", "deposee", "brouillon"))

    def test_defaut_forge(self):
        """« default_… » d'un appelant ne remplit aucun champ gardé."""
        forge = {
            "default_state": "payee", "default_montant_cnas": 999999, "default_net_a_payer": 999999,
            "default_validateur_id": self.superviseur.id, "default_preparateur_id": self.superviseur.id,
            "default_ordonnateur_id": self.finance.id, "default_date_paiement": "2026-01-01", "tracking_disable": True}
        facture = self.factures.with_user(self.agent).with_context(**forge).create({
            "formation_id": self.formation.id, "periode": "2026-01-01"})
        self.assertEqual((facture.state, facture.montant_cnas, facture.net_a_payer), ("brouillon", 0, 0))
        self.assertEqual((facture.preparateur_id, facture.validateur_id.id, facture.date_paiement), (self.agent, False, False))
        self.contestation.with_user(self.portail).action_retirer()
        recours = self.env["cnas.contestation"].with_user(self.portail).with_context(
            default_state="acceptee", default_montant_accorde=900, default_formation_id=self.autre_formation.id,
            default_deposant_id=self.agent.id).create({
                "decompte_ligne_id": self.ligne.id, "motif": "Forgé", "montant_demande": 900})
        self.assertEqual((recours.state, recours.montant_accorde, recours.formation_id, recours.deposant_id),
                         ("deposee", 0, self.formation, self.portail))
        indu = self.env["cnas.indu"].with_user(self.controleur).with_context(
            default_state="solde", default_numero="X", default_solde=0).create({
                "formation_id": self.formation.id, "montant": 5, "motif": "Forgé"})
        self.assertEqual((indu.state, indu.solde), ("constate", 5))

    def test_creation_forgee(self):
        cas = (
            ("cnas.facture", {"formation_id": self.formation.id, "periode": "2026-02-01"}, (
                {"state": "payee"}, {"montant_cnas": 9}, {"net_a_payer": 9}, {"validateur_id": self.superviseur.id})),
            ("cnas.contestation", {"decompte_ligne_id": self.ligne.id, "motif": "x", "montant_demande": 5, "degre": "2"}, (
                {"state": "acceptee"}, {"montant_accorde": 5}, {"formation_id": self.autre_formation.id},
                {"premier_degre_id": self.contestation.id}, {"facture_complement_id": self.suivante.id})),
            ("cnas.indu", {"formation_id": self.formation.id, "montant": 5, "motif": "x"}, (
                {"state": "notifie"}, {"solde": 1}, {"numero": "X"})),
            ("cnas.ordre_paiement", {"facture_id": self.facture.id, "compte": "principal", "montant": 5,
                                     "mode_paiement": "cheque", "numero": "X"}, ({}, {"state": "paye"})),
            ("cnas.lot_paiement", {}, ({}, {"numero": "X"}, {"state": "transmis"})),
            ("cnas.decompte", {"numero": "X", "facture_id": self.facture.id}, ({}, {"state": "contre_passe"})),
            ("cnas.indu.compensation", {"indu_id": self.indu.id, "facture_id": self.facture.id, "montant": 1}, ({},)),
        )
        for modele, valeurs, forges in cas:
            for forge in forges:
                for usager in self._usagers():
                    with self.subTest(modele=modele, forge=forge, usager=usager.login), self.assertRaises(UserError):
                        self.env[modele].with_user(usager).with_context(install_mode=True).create({**valeurs, **forge})

    def test_commande_imbriquee(self):
        """Un parent ne touche ses enfants que par leurs propres gardes, ouvert ou non."""
        feuille, ordre = self.suivante.feuille_ids[-1], self.suivante.ordre_ids[0]
        neuve = {"formation_id": self.formation.id, "periode": "2026-03-01"}
        enfants = (
            ("feuille_ids", feuille, {"state": "validee", "numero": "FAUX", "assure_id": self.enfant.id}),
            ("ordre_ids", ordre, {"montant": 1}), ("contestation_ids", self.contestation, {"state": "acceptee"}),
            ("decompte_ids", self.suivante.decompte_id, {"net_a_payer": 1}),
            ("compensation_ids", self.indu.compensation_ids, {"montant": 1}),
        )
        for champ, enfant, valeurs in enfants:
            for commande in (Command.update(enfant.id, valeurs), Command.link(enfant.id), Command.delete(enfant.id),
                             Command.create(valeurs)):
                for usager in (self.agent, self.superviseur, self.tout):
                    with self.subTest(champ=champ, commande=commande, usager=usager.login), self.assertRaises(UserError):
                        self.factures.with_user(usager).create({**neuve, champ: [commande]})
        for parent, champ, enfant, valeurs in (
            (self.lot, "ordre_ids", ordre, {"state": "paye"}),
            (self.ligne, "contestation_ids", self.contestation, {"montant_accorde": 5}),
            (self.contestation, "second_degre_ids", self.contestation, {"state": "acceptee"}),
            (self.indu, "compensation_ids", self.indu.compensation_ids, {"montant": 1}),
            (self.formation, "facture_ids", self.suivante, {"state": "payee"}),
        ):
            with self.subTest(parent=parent, champ=champ), self.assertRaises(UserError):
                parent.with_user(self.tout).write({champ: [Command.update(enfant.id, valeurs)]})

    def test_second_degre_forge_du_portail(self):
        """Vu : une formation se créait, par la commande d'un premier recours, un second degré déjà accepté."""
        with self.assertRaises(UserError):
            self.contestation.with_user(self.portail).sudo().write({"second_degre_ids": [Command.create({
                "decompte_ligne_id": self.ligne.id, "degre": "2", "motif": "x", "montant_demande": 5,
                "state": "acceptee", "montant_accorde": 5})]})
        with self.assertRaises(UserError):
            self.env["cnas.contestation"].with_user(self.portail).create({
                "decompte_ligne_id": (self.facture.decompte_id.ligne_ids - self.ligne)[0].id, "motif": "x",
                "montant_demande": 5, "second_degre_ids": [Command.link(self.contestation.id)]})

    def test_copie_et_suppression(self):
        for enregistrement in (self.suivante, self.facture.decompte_id, self.ligne, self.contestation, self.indu,
                               self.indu.compensation_ids, self.suivante.ordre_ids[0], self.lot):
            for usager in (self.agent, self.superviseur, self.finance, self.tout, self.env.user):
                vise = enregistrement.with_user(usager)
                with self.subTest(cible=enregistrement, usager=usager.login):
                    with self.assertRaises(UserError):
                        vise.unlink()
                    if enregistrement != self.indu:
                        with self.assertRaises(UserError):
                            vise.copy()
        copie = self.indu.with_user(self.controleur).copy()
        self.assertEqual((copie.state, copie.montant_compense, copie.date_notification), ("constate", 0, False))
        self.assertNotEqual(copie.numero, self.indu.numero)

    def test_le_contexte_ne_tait_pas_la_trace(self):
        facture = self.soumise(feuilles=self.feuille())
        self.env.flush_all()
        self.env.cr.precommit.run()
        avant = len(facture.message_ids)
        facture.with_user(self.controleur).with_context(tracking_disable=True, mail_notrack=True).action_rejeter("Essai")
        self.env.flush_all()
        self.env.cr.precommit.run()
        messages = facture.message_ids[:len(facture.message_ids) - avant]
        self.assertIn("state", messages.sudo().tracking_value_ids.field_id.mapped("name"))

    def test_les_boutons_lisent_la_table(self):
        """Plus de rôle recopié dans la vue : chaque bouton d'une action de la table suit `peut_<action>`."""
        for modele in ("cnas.facture", "cnas.contestation", "cnas.indu", "cnas.ordre_paiement", "cnas.lot_paiement"):
            arch = self.env[modele].with_user(self.tout).get_view(view_type="form")["arch"]
            for nom in self.env[modele]._actions_du_modele():
                if f'name="action_{nom}"' in arch:
                    self.assertIn(f"not peut_{nom}", arch, (modele, nom))

    def test_l_ecran_dit_ce_qui_attend(self):
        facture = self.en_controle(feuilles=self.feuille(), usager=self.superviseur)
        self.assertIn("Quatre yeux", facture.with_user(self.superviseur).raisons_actions)
        self.assertFalse(facture.with_user(self.superviseur2).raisons_actions)
        self.assertIn("Superviseur", facture.with_user(self.agent).raison_valider)
