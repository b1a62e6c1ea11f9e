"""La garde : ce que seul le code métier écrit, et la table des actions qui mènent un état à un autre.

Rien de ce qui ouvre une garde ne voyage dans le contexte : une ouverture vise des enregistrements et des
champs précis, vaut pour un seul appel, et se referme avant que l'ORM ne touche un autre enregistrement.
"""
import functools
import inspect
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from odoo import _, fields
from odoo.exceptions import UserError

from .lecture import lire_motif

# Une formation argumente un recours en quelques paragraphes.
MOTIF_MAX = 4000

_fil = threading.local()


@dataclass(frozen=True)
class Ouverture:
    """Ce qu'un appel du code métier peut écrire."""

    modele: str
    ids: frozenset
    champs: frozenset

    def couvre(self, enregistrements, champs):
        """Dit si ces champs gardés de ces enregistrements sont ouverts."""
        return (self.modele == enregistrements._name and self.ids.issuperset(enregistrements._ids)
                and self.champs.issuperset(champs))


def ouverture():
    """Rend l'ouverture en cours, ou None."""
    return getattr(_fil, "ouverture", None)


@contextmanager
def _poser(nom, valeur):
    avant = getattr(_fil, nom, None)
    setattr(_fil, nom, valeur)
    try:
        yield
    finally:
        setattr(_fil, nom, avant)


def ouvrir(enregistrements, champs):
    """Ouvre des champs d'enregistrements (aucun : une création) le temps du bloc."""
    return _poser("ouverture", Ouverture(enregistrements._name, frozenset(enregistrements._ids), frozenset(champs)))


def refermer():
    """Referme tout le temps du bloc : ce que l'ORM touche par ricochet passe par ses propres gardes."""
    return _poser("ouverture", None)


def sans_suivi(silence=True):
    """Pas de message de suivi le temps du bloc : un lot laisse la trace de son métier, pas un message par dossier."""
    return _poser("silence", silence)


def effacer(enregistrements):
    """Le temps du bloc, ces enregistrements s'effacent : leurs messages partent avec eux."""
    return _poser("effacement", (enregistrements._name, frozenset(enregistrements._ids)))


def efface_en_cours(modele, identifiant):
    """Dit si cet enregistrement est en train de s'effacer, ses gardes passées."""
    nom, ids = getattr(_fil, "effacement", None) or (None, ())
    return nom == modele and identifiant in ids


def action_en_cours():
    """Rend le nom de l'action de la table qui s'exécute, ou None : c'est l'événement du journal."""
    return getattr(_fil, "action", None)


def motif_en_cours():
    """Rend le motif donné à l'action qui s'exécute, ou None."""
    return getattr(_fil, "motif", None)


def en_silence():
    """Dit si le code métier a demandé de ne pas suivre champ à champ."""
    return getattr(_fil, "silence", False)


@dataclass(frozen=True, kw_only=True)
class Action:
    """Une action d'un modèle à états : sa seule écriture.

    La garde, la phrase de refus, `peut_<action>`, `raison_<action>`, le bouton, l'assistant de motif et la
    matrice de tests en sont tirés.
    """

    titre: object                 # ce que dit le bouton, `_lt("Valider")`
    de: tuple                     # états de départ
    vers: tuple = ()              # états d'arrivée ; vide : l'état ne change pas
    roles: tuple = ()             # identifiants externes des groupes ; vide : qui peut lire
    roles_selon: dict = field(default_factory=dict)  # {état: groupes} là où l'état en demande d'autres
    quatre_yeux: tuple = ()       # champs : l'appelant n'est aucune de ces personnes
    motif: bool = False           # un motif écrit est exigé (l'assistant le demande)
    date: bool = False            # l'assistant de motif demande aussi une date
    fin: bool = False             # … et un dernier jour
    seul: bool = False            # un enregistrement à la fois
    empeche: tuple = ()           # méthodes qui rendent {id: raison} parmi les enregistrements
    annonce: bool = True          # ce qui l'empêche paraît au bandeau ; non : elle n'attend rien d'ordinaire

    def roles_depuis(self, etat):
        """Rend les groupes qui peuvent agir depuis cet état."""
        return self.roles_selon.get(etat, self.roles)

    def tous_les_roles(self):
        """Rend les groupes qui peuvent agir depuis un état au moins ; vide : tous."""
        return self.roles and tuple(dict.fromkeys((*self.roles, *(r for roles in self.roles_selon.values() for r in roles))))


def actions(classe):
    """Décore une classe de modèle : chaque action de `_actions` reçoit `peut_<action>` et `raison_<action>`."""
    for nom in classe._actions:
        for champ, definition in (
            (f"peut_{nom}", fields.Boolean(compute="_compute_actions", compute_sudo=False, export_string_translation=False)),
            (f"raison_{nom}", fields.Char(compute="_compute_actions", compute_sudo=False, export_string_translation=False)),
        ):
            setattr(classe, champ, definition)
            definition.__set_name__(classe, champ)
    return classe


def transition(nom):
    """Décore `action_<nom>` : la garde de la table `_actions` passe avant elle, et elle rend True à défaut d'action.

    Une action à motif appelée sans motif ouvre l'assistant et n'écrit rien.
    """
    def decorer(methode):
        signature = inspect.signature(methode)

        @functools.wraps(methode)
        def action(self, *args, **mots):
            motif = None
            if self._actions_du_modele()[nom].motif:
                motif = lire_motif(mots.pop("motif", None) or (args[0] if args else None), MOTIF_MAX)
                self._exiger(nom)
                if not motif:
                    return self._demander_motif(nom)
                args = (motif, *args[1:])
            else:
                self._exiger(nom)
            try:
                signature.bind(self, *args, **mots)
            except TypeError as erreur:
                raise UserError(_("L'appel est mal formé : vérifiez le nombre et le nom des arguments (%s).", erreur)) from erreur
            with _poser("action", nom), _poser("motif", motif):
                resultat = methode(self, *args, **mots)
            return True if resultat is None else resultat
        action._transition = nom
        return action
    return decorer
