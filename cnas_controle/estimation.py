"""Ce qu'un échantillon stratifié dit de sa population : taille, strates, tirage, taux d'erreur, montant, intervalle. Rien d'Odoo ici.

L'estimateur se lit strate par strate (moyenne de l'échantillon × effectif), l'intervalle prend la loi de Student aux degrés de
Satterthwaite, en échelle logarithmique. Les erreurs de facturation sont rares et inégales : la variance d'une petite strate sans erreur vue ne peut pas être
prise pour nulle. Chacune reçoit une observation de prudence, au taux moyen de toutes ; l'intervalle tient alors ses 95 %.
"""
import math
from dataclasses import dataclass
from hashlib import sha256
from statistics import NormalDist

MINIMUM_PAR_STRATE = 5
Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Strate:
    """Une strate observée : son effectif, ce qu'elle a reçu en tout, l'erreur de chaque unité tirée, ce que chacune a reçu."""

    effectif: int
    total: float
    erreurs: tuple
    recus: tuple


@dataclass(frozen=True)
class Estimation:
    """Une valeur et son intervalle à 95 %."""

    valeur: float
    bas: float
    haut: float


def taille(effectif, taux_attendu, precision):
    """Rend combien d'unités tirer pour connaître un taux à ± `precision` près, à 95 %, dans une population finie.

    :param taux_attendu, precision: en points de pourcentage
    """
    p, e = taux_attendu / 100, precision / 100
    infinie = Z95 ** 2 * p * (1 - p) / e ** 2
    return min(effectif, max(min(effectif, 2 * MINIMUM_PAR_STRATE), math.ceil(infinie / (1 + (infinie - 1) / effectif))))


def stratifier(montants, classes):
    """Rend la classe (0, 1…) de chaque montant : des tranches qui se partagent également la racine des montants."""
    ordre = sorted(range(len(montants)), key=lambda i: montants[i])
    total, cumul, rangs = sum(math.sqrt(m) for m in montants), 0.0, [0] * len(montants)
    for i in ordre:
        rangs[i] = min(classes - 1, int(classes * cumul / total)) if total else 0
        cumul += math.sqrt(montants[i])
    return rangs


def repartir(tailles, poids, voulu):
    """Rend combien tirer par strate : au prorata des poids, au moins MINIMUM_PAR_STRATE, jamais plus que l'effectif."""
    tires = [min(n, MINIMUM_PAR_STRATE) for n in tailles]
    while sum(tires) < min(voulu, sum(tailles)):
        manque = min(voulu, sum(tailles)) - sum(tires)
        libres = [i for i, n in enumerate(tailles) if tires[i] < n]
        somme = sum(poids[i] for i in libres) or len(libres)
        avant = sum(tires)
        for i in libres:
            tires[i] = min(tailles[i], tires[i] + int(manque * (poids[i] or 1) / somme))
        if sum(tires) == avant:
            # le reste va aux plus lourdes, une unité chacune
            for i in sorted(libres, key=lambda i: -poids[i])[:manque]:
                tires[i] += 1
    return tires


def tirer(cles, nombre, graine):
    """Rend les `nombre` indices tirés : l'ordre du hachage de la graine et de la clé, le même aujourd'hui et demain."""
    return sorted(range(len(cles)), key=lambda i: sha256(f"{graine}:{cles[i]}".encode()).digest())[:nombre]


def extrapoler(strates):
    """Rend l'`Estimation` du montant total d'erreur de la population."""
    recus, erreurs = sum(sum(s.recus) for s in strates), sum(sum(s.erreurs) for s in strates)
    touchees, tirees = sum(sum(e > 0 for e in s.erreurs) for s in strates), sum(len(s.erreurs) for s in strates)
    part, taux = (erreurs / recus if recus else 0), (touchees / tirees if tirees else 0)
    termes = []
    for s in strates:
        moyenne_recue = s.total / s.effectif if s.effectif else 0
        # l'observation de prudence : une erreur comme les autres, au taux des autres
        grosse = min(moyenne_recue, part * moyenne_recue / taux) if taux else 0
        termes.append((s.effectif, list(s.erreurs), taux * grosse * grosse * (1 - taux)))
    bas, haut, valeur = _intervalle(termes)
    observe = erreurs
    return Estimation(valeur, max(observe, bas), min(sum(s.total for s in strates), max(haut, observe)))


def estimer_taux(strates):
    """Rend l'`Estimation` de la part des unités en erreur, entre 0 et 1."""
    effectif = sum(s.effectif for s in strates)
    tirees = sum(len(s.erreurs) for s in strates)
    if not effectif or not tirees:
        return Estimation(0, 0, 0)
    taux = sum(sum(e > 0 for e in s.erreurs) for s in strates) / tirees
    bas, haut, valeur = _intervalle([(s.effectif, [float(e > 0) for e in s.erreurs], taux * (1 - taux)) for s in strates])
    if not taux and any(len(s.erreurs) < s.effectif for s in strates):
        haut = effectif * (1 - 0.05 ** (1 / tirees))  # aucune erreur vue : la règle de trois
    return Estimation(valeur / effectif, max(0, bas / effectif), min(1, haut / effectif))


def _intervalle(termes):
    """Rend (bas, haut, valeur) d'un total : somme par strate, Student aux degrés de Satterthwaite, correction de population finie.

    :param termes: [(effectif, observations, variance de prudence)]
    """
    valeur, variance, degres, touchees = 0.0, 0.0, 0.0, 0
    for effectif, observations, prudence in termes:
        n = len(observations)
        if not n:
            continue
        moyenne = sum(observations) / n
        valeur += effectif * moyenne
        touchees += sum(x > 0 for x in observations)
        if n >= effectif:
            continue
        carres = sum((x - moyenne) ** 2 for x in observations) / (n - 1) if n > 1 else prudence
        # prudence : la variance de la strate, mêlée à celle de toutes comme si elle comptait quatre observations
        s2 = max(carres, (n * carres + 4 * prudence) / (n + 4)) if carres else prudence
        part = effectif ** 2 * (1 - n / effectif) * s2 / n
        variance += part
        degres += part ** 2 / max(1, n - 1)
    if not variance:
        return valeur, valeur, valeur
    # les unités sans erreur n'apprennent rien de la taille des erreurs : les degrés se comptent sur celles qui en ont
    marge = student(min(variance ** 2 / degres, touchees - 1)) * math.sqrt(variance)
    if valeur <= 0:
        return 0.0, marge, valeur
    # En échelle logarithmique : une somme d'erreurs rares est dissymétrique, ses bornes le sont aussi.
    return valeur / math.exp(marge / valeur), valeur * math.exp(marge / valeur), valeur


def student(degres):
    """Rend le quantile à 97,5 % de la loi de Student (développement de Cornish-Fisher ; à 3 degrés ou moins, celui de 3)."""
    z, v = Z95, max(3.0, degres)
    return z + (z ** 3 + z) / (4 * v) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * v ** 2) + (
        3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * v ** 3)
