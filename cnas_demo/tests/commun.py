"""Ce que partagent les matrices : les rôles, les modèles gardés, un enregistrement de chaque, une valeur forgée."""
import base64
from datetime import date, datetime, timedelta

from odoo.addons.cnas_formations.rib import composer_rib

ROLES = ("agent", "controleur", "medecin", "superviseur", "finance", "administrateur", "formation")


def modeles(env, mixin):
    """Rend les modèles durables de la suite qui héritent d'un mixin, triés."""
    return sorted(
        nom for nom, classe in env.registry.items()
        if nom.startswith("cnas.") and not classe._abstract and not classe._transient and classe._auto
        and any(getattr(parent, "_name", None) == mixin for parent in classe.mro()) and nom != mixin)


# Ce que le jeu d'essai ne garde pas : des gestes de passage.
FABRIQUES = {
    "cnas.changement": lambda env: {
        "modele": "cnas.parametre", "motif": "Décision d'essai", "valeurs": {"valeur": "60"},
        "res_id": env["cnas.parametre"].search([("code", "=", "delai_recours")], limit=1).id},
    "cnas.demande_rib": lambda env: {
        "formation_id": env["cnas.formation_sanitaire"].search([("state", "=", "active")], limit=1).id, "usage": "principal",
        "rib_nouveau": composer_rib("60005", "00021", "00000000001"), "justification": "Changement de banque"},
    "cnas.import_assures": lambda env: {"name": "Essai", "fichier": base64.b64encode(b"nom;prenom\n"), "nom_fichier": "a.csv"},
    "cnas.import_fichier": lambda env: {
        "sujet": "employeurs", "fichier": base64.b64encode(b"Employeur;NIF\nEssai;\n"), "nom_fichier": "a.csv"},
    "cnas.revision_tarif": lambda env: {"name": "Essai"},
}
# Ce que seul le programme constate.
CONSTATES = {
    "cnas.fichier_abime": lambda env: _abime(env["ir.attachment"].sudo().search(
        [("res_model", "=like", "cnas.%"), ("res_field", "!=", False)], limit=1)),
}


def _abime(fichier):
    return {"attachment_id": fichier.id, "name": "ordonnance.pdf", "constat": "perdu", "modele": fichier.res_model, "res_id": fichier.res_id}


def exemple(env, modele):
    """Rend un enregistrement de démonstration du modèle, ou un ensemble vide."""
    trouve = env[modele].sudo().with_context(active_test=False).search([], limit=1, order="id desc")
    if not trouve and modele in FABRIQUES:
        trouve = env[modele].sudo().create(FABRIQUES[modele](env))
    if not trouve and modele in CONSTATES:
        trouve = env[modele].sudo()._creer([CONSTATES[modele](env)])
    return trouve


def forger(enregistrement, nom):
    """Rend une valeur du bon type, différente de celle du champ ; None si l'on ne sait pas."""
    champ, actuelle = enregistrement._fields[nom], enregistrement[nom]
    if champ.type == "selection":
        # créer à l'état initial, ou à la valeur par défaut, n'a rien de forgé
        innocents = (actuelle, getattr(enregistrement, "_etat_initial", None) if nom == "state" else None,
                     enregistrement.sudo().default_get([nom]).get(nom))
        return next((v for v, _l in champ._description_selection(enregistrement.env) if v not in innocents), None)
    if champ.type == "many2one":
        # signer de son propre nom non plus : le code le fait à la place de l'usager
        usagers = [("login", "not in", ROLES)] if champ.comodel_name == "res.users" else []
        autre = enregistrement.env[champ.comodel_name].sudo().search([("id", "!=", actuelle.id), *usagers], limit=1)
        return autre.id or None
    return {
        "char": lambda: f"FORGE {actuelle or ''}"[:20], "text": lambda: "FORGE", "boolean": lambda: not actuelle,
        "integer": lambda: actuelle + 12345, "monetary": lambda: actuelle + 12345, "float": lambda: actuelle + 1,
        "date": lambda: str((actuelle or date(2001, 2, 3)) - timedelta(days=40)),
        "datetime": lambda: str((actuelle or datetime(2001, 2, 3)) - timedelta(days=40)),
    }.get(champ.type, lambda: None)()


def sans_contraintes(cr, table):
    """Ôte, jusqu'à l'annulation du test, les contraintes CHECK et les déclencheurs d'une table : tout état se pose."""
    cr.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table])
    for contrainte, in cr.fetchall():
        cr.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{contrainte}"')
    cr.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
