import xmlrpc.client

from odoo import fields
from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun import ROLES, exemple, modeles, sans_contraintes

REFUS_DE_ROLE = 4


@tagged("post_install", "-at_install", "cnas", "matrice")
class TestMatriceActions(HttpCase):
    """Rôle × état × action × quatre yeux, engendrée depuis la table `_actions` et exécutée par XML-RPC.

    Ce que la table refuse est refusé, avec la phrase de la table ; ce que le bouton montre (`peut_…`) est ce que
    l'action accepte.
    """

    jour_fige = None  # le jeu d'essai est daté d'aujourd'hui

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usagers = {role: cls.env["res.users"].search([("login", "=", role)]) for role in ROLES}

    def appeler(self, usager, modele, methode, *arguments):
        """Rend (code de faute ou 0, phrase), sans rien garder de l'appel."""
        with self.env.cr.savepoint() as reprise:
            try:
                self.xmlrpc_object.execute(self.env.cr.dbname, usager.id, usager.login, modele, methode, *arguments)
                return 0, ""
            except xmlrpc.client.Fault as faute:
                return faute.faultCode, faute.faultString
            finally:
                reprise.rollback()
                self.env.invalidate_all()

    def poser(self, enregistrement, **valeurs):
        """Pose un état ou un signataire en base, hors de toute garde."""
        for champ in [champ for champ in valeurs if enregistrement._fields[champ].related and not enregistrement._fields[champ].store]:
            *chemin, dernier = enregistrement._fields[champ].related.split(".")
            self.poser(enregistrement.mapped(".".join(chemin)), **{dernier: valeurs.pop(champ)})
        for champ in [champ for champ in valeurs if enregistrement._fields[champ].type == "many2many"]:
            lien, vers = enregistrement._fields[champ], valeurs.pop(champ)
            self.env.cr.execute(f'INSERT INTO "{lien.relation}" ("{lien.column1}", "{lien.column2}") VALUES (%s, %s) ON CONFLICT DO NOTHING',
                                [enregistrement.id, vers])
        colonnes = ", ".join(f'"{champ}" = %s' for champ in valeurs)
        self.env.cr.execute(f'UPDATE "{enregistrement._table}" SET {colonnes} WHERE id = %s',
                            [*valeurs.values(), enregistrement.id])
        self.env.invalidate_all()

    def test_matrice(self):
        essais = 0
        for modele in modeles(self.env, "cnas.etat.mixin"):
            enregistrement = exemple(self.env, modele)
            self.assertTrue(enregistrement, f"la démonstration n'a aucun {modele}")
            sans_contraintes(self.env.cr, enregistrement._table)
            if "date_decision" in enregistrement._fields and not enregistrement.date_decision:
                # un état décidé ne va pas sans sa date
                self.poser(enregistrement, date_decision=fields.Date.today())
            etats = [etat for etat, _libelle in enregistrement._fields["state"]._description_selection(self.env)]
            for etat in etats:
                self.poser(enregistrement, state=etat)
                for nom, action in enregistrement._actions_du_modele().items():
                    for role, usager in self.usagers.items():
                        with self.subTest(modele=modele, etat=etat, action=nom, role=role):
                            self._essayer(enregistrement, nom, action, usager, etat)
                        essais += 1
        self.assertGreater(essais, 3000)

    def _essayer(self, enregistrement, nom, action, usager, etat):
        if not hasattr(type(enregistrement), f"action_{nom}"):
            return
        arguments = (["motif de la matrice"] if action.motif else [])
        code, phrase = self.appeler(usager, enregistrement._name, f"action_{nom}", [enregistrement.id], *arguments)
        self.assertNotIn("Erreur interne", phrase)
        if not self._a_un_role(usager, action.roles_depuis(etat)):
            self.assertEqual(code, REFUS_DE_ROLE, phrase)
            return
        if code == REFUS_DE_ROLE:
            # la règle d'enregistrement ferme la lecture à ce rôle : refusé aussi
            self.assertFalse(self._lit(enregistrement, usager), phrase)
            return
        permis = self._peut(enregistrement, nom, usager)
        if etat not in action.de:
            self.assertEqual(code, 2, phrase)
            self.assertIn("à l'état", phrase)
            self.assertFalse(permis)
        elif not permis:
            self.assertEqual(code, 2, phrase)
        else:
            self.assertNotIn("Quatre yeux", phrase)
            self.assertNotIn("se fait à l'état", phrase)

    @staticmethod
    def _a_un_role(usager, groupes):
        return not groupes or any(usager.has_group(groupe) for groupe in groupes)

    def _lit(self, enregistrement, usager):
        return bool(enregistrement.with_user(usager).check_access_rights("read", False)
                    and enregistrement.with_user(usager)._filter_access_rules("read"))

    def _peut(self, enregistrement, nom, usager):
        vu = enregistrement.sudo(False).with_user(usager)
        self.assertEqual(bool(vu[f"raison_{nom}"]), not vu[f"peut_{nom}"])
        return vu[f"peut_{nom}"]

    def test_quatre_yeux(self):
        essais = 0
        for modele in modeles(self.env, "cnas.etat.mixin"):
            enregistrement = exemple(self.env, modele)
            sans_contraintes(self.env.cr, enregistrement._table)
            for nom, action in enregistrement._actions_du_modele().items():
                for champ in action.quatre_yeux:
                    for role, usager in self.usagers.items():
                        etat = action.de[0]
                        if not self._a_un_role(usager, action.roles_depuis(etat)):
                            continue
                        self.poser(enregistrement, state=etat, **{champ: usager.id})
                        if not self._lit(enregistrement, usager) or not hasattr(type(enregistrement), f"action_{nom}"):
                            continue
                        with self.subTest(modele=modele, action=nom, champ=champ, role=role):
                            code, phrase = self.appeler(
                                usager, modele, f"action_{nom}", [enregistrement.id],
                                *(["motif de la matrice"] if action.motif else []))
                            self.assertEqual((code, phrase[:12]), (2, "Quatre yeux "), phrase)
                            self.assertFalse(self._peut(enregistrement, nom, usager))
                        essais += 1
        self.assertGreater(essais, 30)

    def test_chaque_action_publique_d_etat_est_dans_la_table(self):
        """Une méthode `action_…` d'un modèle à états qui change un état passe par `@transition`."""
        for modele in modeles(self.env, "cnas.etat.mixin"):
            classe = type(self.env[modele])
            for nom, action in self.env[modele]._actions_du_modele().items():
                methode = getattr(classe, f"action_{nom}", None)
                with self.subTest(modele=modele, action=nom):
                    self.assertTrue(action.de and action.titre)
                    self.assertIn(f"peut_{nom}", classe._fields)
                    if methode is not None:
                        self.assertTrue(any(
                            getattr(parent.__dict__.get(f"action_{nom}"), "_transition", None) == nom
                            for parent in classe.mro()), "sans @transition, la table n'est pas lue")
