"""Ce que partagent les espaces du portail : la route bornée, la liste."""
import functools
import re
from dataclasses import dataclass, field

from markupsafe import Markup

from odoo import _, http
from odoo.exceptions import UserError
from odoo.http import request
from odoo.osv import expression
from odoo.tools import escape_psql

from odoo.addons.portal.controllers.portal import pager

from ..ecriture import ecrire_date, ecrire_mois, ecrire_montant, ecrire_nombre
from ..lecture import lire_date

PAR_PAGE = 20
IDENTIFIANT_MAX = 2**31 - 1
CONTROLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def propre(valeur):
    """Rend ce qu'un champ d'adresse ou de formulaire peut valoir : un texte sans caractères de contrôle, un entier, ou rien."""
    if isinstance(valeur, str):
        return CONTROLE.sub("", valeur)
    return valeur if isinstance(valeur, int) else ""


def isoler(texte):
    """Rend un nombre ou un numéro qui se lit de gauche à droite, même au milieu d'une phrase arabe."""
    return Markup('<bdi dir="ltr">%s</bdi>') % texte


def mises_en_forme():
    """Rend ce qui écrit, dans une page, un nombre, un montant, une date, un mois : {"montant", "somme", "jour", "en_mois"}."""
    langue = request.env["res.lang"]._attributs(request.env.lang)
    ecrire = isoler if langue["dir"] == "rtl" else str
    return {
        "montant": lambda valeur: ecrire(ecrire_nombre(valeur)), "somme": lambda valeur: ecrire(ecrire_montant(valeur)), "jour": ecrire_date,
        "en_mois": lambda jour: ecrire_mois(jour, langue=langue["lang"])}


def espace(groupe, racine):
    """Rend le décorateur des routes d'un espace.

    Connexion exigée ; retour à l'accueil d'Odoo pour qui n'est pas du groupe. Ce qui arrive est borné : un fichier envoyé dans
    un champ de texte devient vide, les caractères de contrôle tombent, un identifiant plus grand que ceux de la base ramène
    à l'accueil de l'espace.
    """
    def route_de_l_espace(chemin, **options):
        def decorer(methode):
            @http.route(chemin, type="http", auth="user", **options)
            @functools.wraps(methode)
            def route(self, **parametres):
                if not request.env.user.has_group(groupe):
                    return request.redirect("/my")
                propres = {nom: propre(valeur) for nom, valeur in parametres.items()}
                if any(isinstance(valeur, int) and valeur > IDENTIFIANT_MAX for valeur in propres.values()):
                    return request.redirect(racine)
                return methode(self, **propres)
            return route
        return decorer
    return route_de_l_espace


@dataclass(frozen=True)
class Liste:
    """Une liste d'un espace : ce qui s'y cherche, se borne et se trie.

    :param nom: son nom, à l'accueil (`_lt`, comme `aide` et les titres des tris)
    :param adresse: sa page ; la suite est à `adresse/page/2`
    :param cherche: champs où se cherche le texte (nom, matricule, numéro…)
    :param aide: ce que dit le champ de recherche
    :param jour: champ des dates « du » et « au », et du tri par défaut
    :param tris: {clé: (titre, ordre SQL)} en plus des deux tris par date
    :param fermee: le portail ne lit pas ce modèle ; le domaine que donne le contrôleur est alors le mur, il est exigé
    """

    nom: str
    modele: str
    adresse: str
    cherche: tuple
    aide: str
    jour: str
    tris: dict = field(default_factory=dict)
    fermee: bool = False

    def page(self, numero_page, domaine=(), **parametres):
        """Rend ce que montre une page : les objets permis à l'usager, les comptes par état, la barre de recherche, la pagination.

        Le nombre de requêtes ne dépend ni de la page ni de la taille de la liste.
        """
        modele = self._objets(domaine)
        barre = self._barre(parametres)
        domaine = expression.AND([list(domaine), self._domaine(barre)])
        comptes = dict(modele._read_group(domaine, ["state"], ["__count"]))
        etats = dict(modele.sudo()._fields["state"]._description_selection(request.env))
        barre["etats"] = [(cle, nom, comptes.get(cle, 0)) for cle, nom in etats.items() if cle in comptes or cle == barre["etat"]]
        if barre["etat"]:
            domaine = expression.AND([domaine, [("state", "=", barre["etat"])]])
        total = comptes.get(barre["etat"], 0) if barre["etat"] else sum(comptes.values())
        gardes = {nom: barre[nom] for nom in ("recherche", "etat", "du", "au", "tri") if barre[nom]}
        pages = pager(self.adresse, total, page=numero_page, step=PAR_PAGE, url_args=gardes)
        # ce que la page montre se lit avec les droits du code : la règle a déjà choisi
        objets = modele.search(domaine, limit=PAR_PAGE, offset=max(0, pages["offset"]), order=barre["ordre"]).sudo()
        return {"objets": objets, "total": total, "pager": pages, "barre": barre, "libelles": etats}

    def compter(self, domaine=()):
        """Rend le nombre d'objets de la liste."""
        return self._objets(domaine).search_count(list(domaine))

    def _objets(self, domaine):
        if not self.fermee:
            return request.env[self.modele]
        assert domaine, f"la liste {self.nom} n'est bornée que par son domaine"
        return request.env[self.modele].sudo()

    def _barre(self, parametres):
        """Rend la barre de recherche (`searchbar` du portail d'Odoo) et ce que l'usager y a écrit."""
        tris = {"recent": (_("Du plus récent"), f"{self.jour} desc, id desc"), "ancien": (_("Du plus ancien"), f"{self.jour}, id"),
                **self.tris}
        tri = parametres.get("tri") if parametres.get("tri") in tris else ""
        etats = request.env[self.modele].sudo()._fields["state"].get_values(request.env)
        barre = {"adresse": self.adresse, "aide": str(self.aide), "searchbar_sortings": [(cle, str(titre)) for cle, (titre, _ordre) in tris.items()],
                 "recherche": str(parametres.get("recherche") or "").strip()[:64], "tri": tri, "ordre": tris[tri or "recent"][1],
                 "etat": parametres.get("etat") if parametres.get("etat") in etats else "", "erreur": ""}
        for borne in ("du", "au"):
            try:
                barre[borne] = str(lire_date(str(parametres.get(borne) or "")[:32], None) or "")
            except UserError as refus:
                barre[borne], barre["erreur"] = "", str(refus)
        barre["filtree"] = any(barre[nom] for nom in ("recherche", "etat", "du", "au"))
        return barre

    def _domaine(self, barre):
        modele, domaines = request.env[self.modele], []
        if barre["recherche"]:
            # Le nom de l'assuré ne se lit pas par RPC : le code cherche, la règle de l'usager choisit.
            trouves = modele.sudo()._search(expression.OR([[(champ, "ilike", escape_psql(barre["recherche"]))] for champ in self.cherche]))
            domaines.append([("id", "in", trouves)])
        instant = modele._fields[self.jour].type == "datetime"
        if barre["du"]:
            domaines.append([(self.jour, ">=", barre["du"])])
        if barre["au"]:
            domaines.append([(self.jour, "<=", f"{barre['au']} 23:59:59" if instant else barre["au"])])
        return expression.AND(domaines)
