from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools.view_validation import get_expression_field_names

from .commun_documents import CasDocuments

MODELES = (
    "cnas.assure", "cnas.carte", "cnas.carte.lot", "cnas.attestation", "cnas.piece_administrative", "cnas.type_piece")


@tagged("post_install", "-at_install", "cnas")
class TestVuesParRole(CasDocuments):

    def test_aucune_expression_ne_nomme_un_champ_retire_au_role(self):
        """Un champ réservé à un rôle disparaît de l'écran des autres : aucune condition ne doit encore le nommer.

        Le navigateur planterait à l'ouverture de la fiche, sans que l'installation n'ait rien dit.
        """
        vues = 0
        for role in ("agent", "controleur", "medecin_conseil", "superviseur", "finance", "administrateur"):
            for modele in MODELES:
                Modele = self.env[modele].with_user(self.usagers[role])
                try:
                    Modele.check_access_rights("read")
                except AccessError:
                    continue
                arbre = etree.fromstring(Modele.get_view(view_type="form")["arch"])
                vues += 1
                with self.subTest(role=role, modele=modele):
                    self.assertFalse(self._champs_absents(arbre))
        self.assertGreater(vues, 25)

    def _champs_absents(self, arbre):
        """Rend les noms de champs qu'une condition du formulaire emploie et que le formulaire ne contient pas."""
        presents = {noeud.get("name") for noeud in arbre.iter("field") if self._formulaire(noeud) is arbre}
        absents = set()
        for noeud in arbre.iter():
            # La condition d'un champ de liste imbriquée se juge sur la ligne, pas sur la fiche.
            if not isinstance(noeud.tag, str) or self._formulaire(noeud) is not arbre:
                continue
            for attribut in ("invisible", "readonly", "required"):
                expression = noeud.get(attribut)
                if expression and expression not in ("1", "0", "True", "False"):
                    absents |= get_expression_field_names(expression) - presents - {"id", "context", "uid"}
        return absents

    def _formulaire(self, noeud):
        """Rend la vue (form, tree, kanban) où se juge le nœud."""
        parent = noeud.getparent()
        while parent is not None and parent.tag not in ("form", "tree", "kanban"):
            parent = parent.getparent()
        return parent if parent is not None else noeud
