"""L'exécution d'un contrôle : ordre, verrous, tranches, écriture. C'est ici que la base et le moteur se parlent.

Le registre des règles ({code: fonction}, voir `regles/registre.py`) est donné par qui appelle : ici, on n'en connaît aucune.
"""
import logging
from collections import Counter
from datetime import datetime
from operator import itemgetter

from psycopg2 import OperationalError

from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY
from odoo.tools import groupby

from odoo.addons.cnas_base.faits import tableau
from odoo.addons.cnas_base.ramassage import sans_ramassage

from . import catalogue, chargement, ecriture, familles, moteur
from .contexte import Feuille, Ligne, Tranche
from .referentiel import Referentiel

_logger = logging.getLogger(__name__)

# Feuilles par tranche : plus petite, les requêtes de chacune pèsent ; plus grande, la mémoire.
TRANCHE = 5000
# Feuilles au-delà desquelles un lot connaît toute la nomenclature.
GRAND_LOT = 1000
# Une feuille en instance attend des pièces : sa régularisation la ramène à « déposée ».
ETATS_CONTROLABLES = ("deposee", "controle", "avis_medical")


def ordonner_par_foyer(env, ids, etats=None):
    """Rend [(feuille, foyer)], foyers groupés, dans l'ordre des verrous puis des soins, {famille: foyer} et le premier et le dernier jour.

    :param etats: ne garder que les feuilles dans ces états
    """
    env.cr.execute("""
        SELECT f.id, COALESCE(a.famille_id, a.id), f.date_soins
          FROM cnas_feuille_soin f JOIN cnas_assure a ON a.id = f.assure_id
         WHERE f.id = ANY(%(ids)s) AND (%(etats)s::text[] IS NULL OR f.state = ANY(%(etats)s))
         ORDER BY f.date_soins, f.numero, 1""", {"ids": tableau(ids), "etats": etats and list(etats)})
    rangs = env.cr.fetchall()
    foyers = familles.foyers(env.cr, {famille for _feuille, famille, _jour in rangs})
    couples = sorted(((feuille, foyers[famille]) for feuille, famille, _jour in rangs), key=itemgetter(1))
    return couples, foyers, (rangs[0][2], rangs[-1][2]) if rangs else (None, None)


def tranches(couples):
    """Découpe des (feuille, foyer) en tranches de foyers entiers."""
    tranche = []
    for _foyer, siennes in groupby(couples, lambda couple: couple[1]):
        if len(tranche) >= TRANCHE:
            yield tranche
            tranche = []
        tranche.extend(siennes)
    if tranche:
        yield tranche


def verrouiller(cr, foyers):
    """Prend le compteur de chaque foyer, dans l'ordre : deux lots du même foyer ne se croisent pas.

    Le second attend, puis la base lui demande de recommencer avec une vue à jour (Odoo rejoue l'appel) :
    il voit alors tout ce que le premier a consommé.
    """
    cr.execute("""
        INSERT INTO cnas_compteur_famille (famille_id, passages)
        SELECT famille, 1 FROM unnest(%s::int[]) AS v (famille) ORDER BY famille
        ON CONFLICT (famille_id) DO UPDATE SET passages = cnas_compteur_famille.passages + 1""", [tableau(foyers)])


class Execution:
    """Le contrôle d'un lot de feuilles, tranche par tranche."""

    def __init__(self, env, registre, ids, changer_etat=True, au_fil=None):
        env.flush_all()
        self.env = env
        self.changer_etat = changer_etat
        self.au_fil = au_fil
        self.comptes = Counter()
        self.couples, self.foyers, jours = ordonner_par_foyer(env, ids, ETATS_CONTROLABLES)
        if self.couples:
            self.regles = catalogue.charger(env.cr, registre)
            self.referentiel = Referentiel(env, _prestations(env.cr, ids), *jours)
            # Nulle lecture d'un contrôle ne gagne à s'entourer de processus d'appoint : les lancer dure plus qu'elle.
            env.cr.execute("SET LOCAL max_parallel_workers_per_gather = 0; SELECT clock_timestamp() AT TIME ZONE 'UTC'")
            self.instant = env.cr.fetchone()[0]

    def mener(self):
        """Contrôle et liquide. :return: {état d'arrivée: nombre de feuilles}"""
        for tranche in tranches(self.couples):
            self._essayer(tranche)
        return self.comptes

    def _essayer(self, tranche):
        """Contrôle une tranche ; si elle échoue, ses moitiés, jusqu'à isoler la feuille qui fait échouer le moteur."""
        try:
            with self.env.cr.savepoint(), sans_ramassage():
                self._controler(tranche)
        except Exception as erreur:
            if isinstance(erreur, OperationalError) and erreur.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                raise  # la base demande de recommencer avec une vue à jour
            if len(tranche) == 1:
                _logger.exception("La feuille %s fait échouer le contrôle", tranche[0][0])
                self.env["cnas.feuille_soin"].browse(tranche[0][0])._signaler_echec(erreur)
                return
            moitie = len(tranche) // 2
            self._essayer(tranche[:moitie])
            self._essayer(tranche[moitie:])

    def _controler(self, tranche):
        feuilles = [feuille for feuille, _foyer in tranche]
        verrouiller(self.env.cr, list(dict.fromkeys(foyer for _feuille, foyer in tranche)))
        lot = chargement.charger(self.env, self.referentiel, self.regles, feuilles, self.instant, self.foyers)
        moteur.evaluer(lot, self.regles, self.au_fil)
        ecriture.retenir(lot)
        comptes = Counter(f.etat for f in lot.feuilles)
        _prevenir(self.env, lot, ecriture.ecrire(self.env.cr, lot, self.env.uid, self.changer_etat))
        self.comptes += comptes
        for feuille in lot.feuilles:
            feuille.lignes.clear()  # la ligne connaît sa feuille : rompu, l'anneau se libère sans ramassage


def simuler(env, registre, ids, surcharges=None, codes=None, panier=None):
    """Évalue sans rien écrire, dans l'état où chaque feuille s'est présentée (essai à blanc, complétude).

    :param surcharges: voir `catalogue.charger`
    :param codes: n'évaluer que ces règles
    :param panier: {(régime, prestation): couverte ou non}, un panier en projet qui prime celui du jour
    :return: itérateur de lots évalués
    """
    env.flush_all()
    regles = catalogue.charger(env.cr, registre, surcharges)
    couples, foyers, jours = ordonner_par_foyer(env, ids)
    referentiel = Referentiel(env, _prestations(env.cr, ids), *jours)
    referentiel.panier_en_projet = panier or {}
    for tranche in tranches(couples):
        lot = chargement.charger(env, referentiel, regles, [feuille for feuille, _foyer in tranche], datetime.max, foyers)
        moteur.evaluer(lot, [regle for regle in regles if not codes or regle.code in codes])
        yield lot


def charger_brouillons(env, registre, feuilles, lignes=(), prestations=()):
    """Rend le lot de dossiers jamais enregistrés, prêt à évaluer ou à interroger.

    :param feuilles, lignes: des dict colonne → valeur de `cnas_feuille_soin` et de ses lignes
    :param prestations: d'autres prestations à connaître
    """
    regles = catalogue.charger(env.cr, registre)
    referentiel = Referentiel(env, {*prestations, *(ligne["prestation_id"] for ligne in lignes)})
    return chargement.charger(env, referentiel, regles, [feuille["id"] for feuille in feuilles], datetime.max,
                              brouillons={"feuilles": list(feuilles), "lignes": list(lignes)})


def estimer(env, registre, feuilles, lignes, pieces=None):
    """Rend le lot évalué de brouillons, enregistrés ou non ; voir `charger_brouillons`.

    :param pieces: {feuille: types des pièces qui l'accompagneront}
    """
    lot = charger_brouillons(env, registre, feuilles, lignes)
    for feuille, types in (pieces or {}).items():
        lot.pieces_jointes[feuille].update(types)
    moteur.evaluer(lot, lot.regles.values())
    return lot


def juger_prestations(env, registre, formation, jour, prestations):
    """Rend {prestation: (tarif ou None, phrase qui l'interdit ou « »)} pour une formation, avant de connaître le malade.

    Seules parlent les règles qui ne jugent que la prestation et la formation qui la donne.
    """
    regles = [regle for regle in catalogue.charger(env.cr, registre) if regle.fonction.sans_malade]
    lot = Tranche(Referentiel(env, prestations), regles, datetime.max)
    feuille = Feuille(formation_id=formation.id, niveau=formation._niveau_au(jour), date_soins=jour, regime_id=None,
                      type_formation=formation.type_formation)
    lignes = [Ligne(feuille=feuille, prestation=lot.prestations[ident]) for ident in prestations]
    interdits = {}
    for regle in regles:
        if regle.vise(feuille) and regle.severite_au(jour) == "rejet":
            for ligne, _effet, valeurs in regle.fonction.fonction(lot, lignes, regle.valeur):
                interdits.setdefault(ligne.prestation.id, catalogue.ecrire(regle.motif, valeurs))
    tarifs = {ident: lot.referentiel.tarif(ident, feuille.niveau, jour) for ident in prestations}
    return {ident: (tarifs[ident] and tarifs[ident].montant, interdits.get(ident, "")) for ident in prestations}


def _prestations(cr, ids):
    """Rend les prestations d'un lot ; grand, il les prend toutes : les chercher dans ses lignes coûterait plus que de les connaître."""
    if len(ids) > GRAND_LOT:
        cr.execute("SELECT id FROM cnas_prestation")
    else:
        cr.execute("SELECT DISTINCT prestation_id FROM cnas_feuille_soin_ligne WHERE feuille_id = ANY(%s)", [tableau(ids)])
    return [prestation for (prestation,) in cr.fetchall()]


def _prevenir(env, lot, passages):
    """Prévient le reste du système : journal, demandes de pièces, champs calculés ailleurs."""
    Feuille = env["cnas.feuille_soin"]
    feuilles = Feuille.browse([f.id for f in lot.feuilles])
    feuilles.invalidate_recordset(flush=False)
    env["cnas.feuille_soin.ligne"].browse([li.id for f in lot.feuilles for li in f.lignes]).invalidate_recordset(
        flush=False)
    env["cnas.anomalie"].invalidate_model(flush=False)
    Feuille._inscrire_passages([(f.id, avant, apres) for f, avant, apres in passages], "Contrôle automatique", "controle")
    instances = {f.id: [c.message for c in f.anomalies if c.severite == "instance"]
                 for f, _avant, apres in passages if apres == "instance"}
    if instances:
        Feuille.sudo().browse(list(instances))._ouvrir_demandes(instances)
