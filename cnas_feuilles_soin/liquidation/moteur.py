"""Le moteur : mène une tranche préchargée à travers les règles, dans l'ordre, puis fixe montants et états.

Les feuilles d'un même foyer passent l'une après l'autre, par date de soins puis numéro (celles qui
avaient déjà pris rang gardent leur place) : ce que la première retient est dans l'historique de la
suivante. Les foyers, indépendants, avancent
ensemble — une « vague » prend la n-ième feuille de chacun. Le résultat est donc celui d'un
passage feuille à feuille, quels que soient l'ordre et la taille du lot.
"""
from collections import Counter, namedtuple
from operator import attrgetter

from odoo.addons.cnas_base.faits import Correspondance

from . import calcul
from .catalogue import ecrire
from .contexte import Passe

Constat = namedtuple("Constat", "ligne regle severite message avant apres ordre valeurs effet")

REVUE = "REVUE"
# Feuilles par bloc : soixante règles y passent tour à tour ; plus grand, chacune retrouve une mémoire froide.
BLOC = 100
MONTANTS = attrgetter("base", "part", "ticket", "depassement", "rejete")

# Ce qu'une ligne acceptée garde d'où elle vient : {son fait: le leur}.
DE_LA_FEUILLE = Correspondance(
    feuille_id="id", numero="numero", assure_id="assure_id", personne="personne", famille_id="famille_id",
    formation_id="formation_id", formation_nom="formation_nom", date="date_soins", fin="fin", mode="mode", type_soins="type_soins",
    pathologie_id="pathologie_id", praticien_id="praticien_id", regime_id="regime_id")
DE_LA_PRESTATION = Correspondance(prestation_id="id", prestation_code="code", categorie="categorie", dci="dci", technique="technique")
DE_LA_LIGNE = Correspondance(quantite="q", base="base", part="part", franchise="franchise", hors_plafond="hors_plafond", duree="duree")
acceptee = Passe.fabrique("controle_initial", *DE_LA_FEUILLE, *DE_LA_PRESTATION, *DE_LA_LIGNE)


def evaluer(lot, regles, au_fil=None):
    """Évalue toutes les feuilles du lot.

    :param regles: règles actives, dans l'ordre, ou quelques-unes : seules leurs anomalies seront réécrites
    :param au_fil: mesure facultative, appelée avec (code, secondes)
    """
    lot.evaluees = {regle.id for regle in regles}
    # Ce que la dernière feuille d'un foyer retient n'a plus de lecteur dans le lot : on ne le verse pas.
    restent = Counter(cle for feuille in lot.feuilles for cle in (feuille.foyer_id, feuille.personne))
    for vague in vagues(lot.feuilles):
        for debut in range(0, len(vague), BLOC):
            _evaluer_bloc(lot, regles, vague[debut:debut + BLOC], au_fil)
        for feuille in vague:
            restent[feuille.foyer_id] -= 1
            restent[feuille.personne] -= 1
            if restent[feuille.foyer_id] or restent[feuille.personne]:
                _verser_a_l_historique(lot, feuille)


def vagues(feuilles):
    """Range les feuilles (déjà triées) en vagues : la n-ième de chaque foyer."""
    rangs = {}
    resultat = []
    for feuille in feuilles:
        rang = rangs.get(feuille.foyer_id, 0)
        rangs[feuille.foyer_id] = rang + 1
        if rang == len(resultat):
            resultat.append([])
        resultat[rang].append(feuille)
    return resultat


def _evaluer_bloc(lot, regles, bloc, au_fil):
    for feuille in bloc:
        feuille.demarrer()
        for ligne in feuille.lignes:
            if ligne.revue_rejet:
                ligne.rejet = REVUE
    feuilles = bloc
    lignes = [li for f in bloc for li in f.lignes if not li.rejet]
    etablies = False
    for ordre, regle in enumerate(regles, 1):
        if regle.famille == "plafonds" and not etablies:
            _etablir(lot, lignes)
            etablies = True
        cibles = feuilles if regle.fonction.sur == "feuilles" else lignes
        if not regle.sans_filtre:
            cibles = _visees(regle, cibles)
        if not cibles:
            continue
        debut = au_fil.horloge() if au_fil is not None else None
        rejets = False
        for cible, effet, valeurs in regle.fonction.fonction(lot, cibles, regle.valeur):
            rejets |= _appliquer(lot, regle, ordre, cible, effet, valeurs)
        if debut is not None:
            au_fil.noter(regle.code, au_fil.horloge() - debut)
        if rejets:
            feuilles = [f for f in feuilles if not f.rejet]
            lignes = [li for li in lignes if not li.rejet]
    if not etablies:
        _etablir(lot, lignes)
    for feuille in bloc:
        conclure(feuille)


def _visees(regle, cibles):
    if regle.fonction.sur == "feuilles":
        return [f for f in cibles if regle.vise(f)]
    gardees, derniere, visee = [], None, False
    for ligne in cibles:
        if ligne.feuille is not derniere:
            derniere = ligne.feuille
            visee = regle.vise(derniere)
        if visee:
            gardees.append(ligne)
    return gardees


def _etablir(lot, lignes):
    """Calcule base et part théorique de toutes les lignes retenues, avant les plafonds.

    Sans tarif ni taux, la ligne attend ; le constat levé, elle passe, et ne paie que le prix qu'un humain aurait retenu.
    """
    for ligne in lignes:
        if ligne.rejet:
            continue
        if ligne.taux is None or (ligne.tarif is None and not ligne.revue_pu):
            if lot.leve_sans_tarif(ligne):
                ligne.limite, ligne.abattue = 0, True
                calcul.etablir(ligne)
                continue
            ligne.suspendue = True
            ligne.feuille.instance = True
        else:
            calcul.etablir(ligne)


def _appliquer(lot, regle, ordre, cible, effet, valeurs):
    """Applique un constat selon la sévérité en vigueur à la date des soins. Rend vrai si quelque chose est rejeté."""
    ligne = getattr(cible, "feuille", None) and cible
    feuille = cible.feuille if ligne else cible
    if (feuille.id, ligne.id if ligne else 0, regle.id) in lot.levees:
        return False
    severite = regle.severite_au(feuille.date_soins)
    avant = _montant(cible, ligne, effet)
    apres = avant
    if severite == "rejet":
        apres = 0
        _rejeter(feuille, ligne, regle.code)
    elif severite == "abattement" and effet:
        apres = _abattre(ligne, effet)
        ligne.abattue = True
        if effet[0] == "recalcul":
            avant = effet[1]
    elif severite == "instance":
        feuille.instance = True
    else:
        severite = "signalement"
        feuille.signalement = True
        feuille.visa_medical |= bool(regle.visa)
    message = ecrire(regle.motif, valeurs)
    feuille.anomalies.append(Constat(
        ligne.id if ligne else 0, regle, severite, message, avant, apres, ordre, valeurs, effet))
    return severite == "rejet"


def _montant(cible, ligne, effet):
    """Rend le montant en jeu : la part pour un plafond, la base courante sinon."""
    if ligne:
        return ligne.part if effet and effet[0] in ("part", "recalcul") else calcul.base(ligne)
    return sum(calcul.base(li) for li in cible.lignes if not li.rejet)


def _rejeter(feuille, ligne, code):
    if ligne:
        ligne.rejet = code
        if not feuille.lignes_vives():
            feuille.rejet = code
        return
    feuille.rejet = code
    for li in feuille.lignes:
        li.rejet = li.rejet or code


def _abattre(ligne, effet):
    """Réduit la ligne et rend le nouveau montant en jeu."""
    genre, valeur = effet[0], effet[-1]
    if genre == "part":
        ligne.part = valeur
        return valeur
    if genre == "recalcul":
        return valeur
    if genre == "quantite":
        ligne.q = valeur
    elif genre == "prix":
        ligne.pu = valeur
    elif genre == "rang":
        ligne.rang = valeur
    elif genre == "limite":
        ligne.limite = valeur if ligne.limite is None else min(ligne.limite, valeur)
    elif genre == "points":
        ligne.points += valeur
    return calcul.base(ligne)


def conclure(feuille):
    """Arrête les montants de chaque ligne, ceux de la feuille et son état."""
    lignes = feuille.lignes
    for ligne in lignes:
        calcul.arreter(ligne)
    feuille.base, feuille.part, feuille.ticket, feuille.depassement, feuille.rejete = (
        sum(montants) for montants in zip(*map(MONTANTS, lignes))) if lignes else (0,) * 5
    if all(ligne.rejet for ligne in lignes):
        feuille.etat = "rejetee"
    elif feuille.instance:
        feuille.etat = "instance"
    elif feuille.visa_medical:
        feuille.etat = "avis_medical"
    elif feuille.signalement:
        feuille.etat = "controle"
    else:
        feuille.etat = "validee"
    feuille.etat_droits = "fermes" if feuille.empechement else "ouverts"
    feuille.completude = "incomplet" if feuille.etat == "instance" else "complet"


def _verser_a_l_historique(lot, feuille):
    if feuille.etat in ("rejetee", "instance"):
        return
    de_la_feuille = (feuille.place[0] if feuille.place else lot.instant, *DE_LA_FEUILLE.valeurs(feuille))
    for ligne in feuille.lignes:
        if ligne.rejet:
            continue
        lot.historique.ajouter(acceptee(
            de_la_feuille + DE_LA_PRESTATION.valeurs(ligne.prestation) + DE_LA_LIGNE.valeurs(ligne)))
        if ligne.entente_id:
            lot.imputer(ligne.entente_id, ligne.q, ligne.base)
