"""Dire une erreur imprévue à qui appelle de l'extérieur : sa faute en une phrase, la nôtre par une référence.

Les deux portes (XML-RPC, JSON-RPC) passent ici ; aucune trace Python n'en sort, elle va au journal.
"""
import logging
import os
import secrets
import traceback
import xmlrpc.client
from xml.parsers.expat import ExpatError

import psycopg2.extensions
from psycopg2 import DataError, IntegrityError, ProgrammingError, errors
from werkzeug.exceptions import HTTPException

import odoo
from odoo import _
from odoo.exceptions import AccessDenied, RedirectWarning, UserError
from odoo.http import SessionExpiredException
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY, _as_validation_error

from odoo.addons.base.controllers import rpc
from odoo.addons.base.models import ir_model, ir_ui_view
from odoo.addons.mail.models import mail_thread
from odoo.addons.web.controllers import dataset
from odoo.addons.web.models import models as web_models

_logger = logging.getLogger(__name__)

COEUR = os.path.dirname(odoo.api.__file__) + os.sep
ADDONS = os.path.join(COEUR, "addons") + os.sep
PYTHON = os.path.dirname(os.__file__) + os.sep
# Où un appel entre ; le reste des addons est du code à nous ou à d'autres.
PORTES = {rpc.__file__, dataset.__file__, os.path.join(os.path.dirname(__file__), "controllers", "rpc.py")}
# Ce qu'un argument mal écrit lève dans le cœur d'Odoo.
FAUTES = (TypeError, ValueError, LookupError, AttributeError, AssertionError, DataError, ProgrammingError,
          ExpatError, xmlrpc.client.Error)
CONCURRENCE = tuple(errors.lookup(code) for code in PG_CONCURRENCY_ERRORS_TO_RETRY)
# Un addon qui complète une méthode de l'ORM ne fait que passer l'argument plus bas.
VERBES = {"create", "write", "read", "search", "search_read", "search_count", "web_read", "web_save", "web_search_read",
          "read_group", "_read_group", "name_search", "_name_search", "_search", "onchange", "default_get", "load", "copy",
          "copy_data", "_read_format", "unlink", "browse", "fields_get", "message_post", "check", "_get_allowed_models"}
# Ce qui prolonge l'ORM dans les addons d'Odoo, ou traduit ses valeurs pour la base.
PROLONGEMENTS = (ir_model.__file__, ir_ui_view.__file__, mail_thread.__file__, web_models.__file__, psycopg2.extensions.__file__)


def dire(env, erreur):
    """Rend l'exception à montrer à la place d'une erreur imprévue, ou None si elle parle déjà à l'usager.

    Une faute d'appel (méthode, champ, nombre ou type d'argument) se dit ; toute autre erreur est la nôtre : elle
    est journalisée au niveau ERROR avec sa trace, sous la référence que l'appelant reçoit.
    """
    if isinstance(erreur, (UserError, RedirectWarning, AccessDenied)):
        if isinstance(erreur.__cause__, IntegrityError):
            # Odoo a déjà écrit la phrase, mais sans connaître la langue : on la redemande ici.
            return _as_validation_error(env, erreur.__cause__)
        return None
    if isinstance(erreur, (HTTPException, SessionExpiredException)):
        return None
    if isinstance(erreur, CONCURRENCE):
        return UserError(_("Un autre traitement écrit les mêmes données : réessayez dans un instant."))
    if est_faute_d_appel(erreur):
        _logger.info("Appel refusé", exc_info=erreur)
        return UserError(_(
            "L'appel est mal formé : vérifiez le nom de la méthode et des champs, le type et le nombre "
            "des arguments (%s).", (str(erreur).splitlines() or [type(erreur).__name__])[0][:200]))
    reference = secrets.token_hex(4).upper()
    _logger.error("Erreur interne, référence %s", reference, exc_info=erreur)
    return UserError(_(
        "Erreur interne, référence %s : rien n'a été enregistré. Donnez cette référence à l'administrateur.", reference))


def est_faute_d_appel(erreur):
    """Dit si l'erreur vient des arguments : ils sont allés droit au cœur d'Odoo, qui ne sait qu'en faire."""
    if not isinstance(erreur, FAUTES):
        return False
    pile = [cadre for cadre, _ligne in traceback.walk_tb(erreur.__traceback__)]
    cadres = [(cadre.f_code.co_filename, cadre.f_code.co_name) for cadre in pile]
    debut = next((rang for rang, cadre in enumerate(cadres) if cadre == (odoo.api.__file__, "call_kw")), None)
    if debut is None:
        # L'appel n'a pas atteint de méthode : enveloppe, service, modèle ou paramètres de la route mal écrits.
        return cadres[-1][0] in PORTES or _est_du_coeur(cadres[-1][0]) and all(
            fichier in PORTES or _est_du_coeur(fichier) or nom == "_dispatch" for fichier, nom in cadres)
    return _arguments_mal_formes(pile[debut:]) or _est_du_coeur(cadres[-1][0]) and all(
        _est_l_orm(cadre) for cadre in pile[debut:])


def _arguments_mal_formes(appel):
    """Dit si l'appel portait autre chose que des identifiants entiers, ou son `write`, son `create` autre chose que {champ: valeur}.

    Ce que notre code appelle ensuite n'est plus celui de l'appelant : l'erreur y est la nôtre.
    """
    for cadre in appel:
        nom, locales = cadre.f_code.co_name, cadre.f_locals
        if nom == "_call_kw_multi" and not all(isinstance(i, int) for i in _en_liste(locales.get("ids", 0))):
            return True
        if nom == "write" and "vals" in locales:
            return not isinstance(locales["vals"], dict)
        if nom == "create" and "vals_list" in locales:
            return not all(isinstance(vals, dict) for vals in _en_liste(locales["vals_list"]))
        if not _est_l_orm(cadre):
            return False
    return False


def _est_l_orm(cadre):
    """Dit si ce cadre ne fait que passer l'argument : le cœur, ou un addon qui complète l'un de ses verbes."""
    return cadre.f_code.co_name in VERBES or _est_du_coeur(cadre.f_code.co_filename)


def _en_liste(recu):
    return recu if isinstance(recu, (list, tuple)) else [recu]


def _est_du_coeur(fichier):
    """Les addons n'en sont pas ; ce qui le prolonge et ce que Python lit pour lui (une date, une enveloppe), si."""
    return (fichier in PROLONGEMENTS or fichier.startswith(COEUR) and not fichier.startswith(ADDONS)
            or fichier.startswith(PYTHON) and "-packages" not in fichier)
