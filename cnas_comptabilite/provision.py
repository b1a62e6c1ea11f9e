"""Le développement d'un triangle de paiements : du calcul seul, sans base."""
from datetime import date

MOIS_DE_LA_MOYENNE = 6


def _rang(mois):
    annee, numero = map(int, mois.split("-"))
    return annee * 12 + numero - 1


def _mois(rang):
    return f"{rang // 12:04d}-{rang % 12 + 1:02d}"


def _part_developpee(cumuls, delai):
    """Rend la part de leur dernier cumul que les mois observés avaient payée à ce délai."""
    observes = [cumul for cumul in cumuls if len(cumul) > delai]
    total = sum(cumul[-1] for cumul in observes)
    return sum(cumul[delai] for cumul in observes) / total if total else 0


def developper(payes, liquides, nombre, arrete):
    """Développe un triangle mois de soins × mois de paiement par chain-ladder.

    Le facteur du délai j est Σ cumuls au délai j + 1 / Σ cumuls au délai j, sur les mois de soins observés aux deux. Le coût attendu d'un
    mois est son cumul fois les facteurs qui lui restent à connaître. Un mois sans aucun paiement prend la moyenne des coûts attendus des six
    derniers mois payés, pour la part qu'à son délai les autres n'avaient pas encore payée (Bornhuetter-Ferguson).

    :param dict payes: {(mois de soins, mois de paiement): montant}, « AAAA-MM »
    :param dict liquides: {mois de soins: montant liquidé, pas encore payé}
    :param int nombre: nombre de mois de soins du triangle
    :param date arrete: premier jour du dernier mois
    :return: {"mois", "cumuls" (faux au-delà de l'arrêté), "facteurs", "rangs": [{mois, methode, paye, facteur, ultime, liquide, provision}]}
    """
    dernier = arrete.year * 12 + arrete.month - 1
    connus = [_rang(soins) for soins, _paiement in payes] + [_rang(soins) for soins in liquides]
    premier = max(dernier - nombre + 1, min(connus))
    taille = dernier - premier + 1
    cumuls = [[0] * (taille - i) for i in range(taille)]
    for (soins, paiement), montant in payes.items():
        i = _rang(soins) - premier
        if 0 <= i < taille:
            # Un paiement ne précède pas les soins : un rang négatif serait une date fausse, comptée au premier délai.
            for j in range(max(0, _rang(paiement) - premier - i), taille - i):
                cumuls[i][j] += montant
    facteurs = []
    for j in range(taille - 1):
        avant = sum(cumuls[i][j] for i in range(taille - j - 1))
        facteurs.append(sum(cumuls[i][j + 1] for i in range(taille - j - 1)) / avant if avant else 1.0)
    rangs = []
    for i in range(taille):
        facteur = 1.0
        for f in facteurs[taille - i - 1:]:
            facteur *= f
        rangs.append({"paye": cumuls[i][-1], "facteur": facteur, "ultime": cumuls[i][-1] * facteur})
    couts = [rang["ultime"] for rang in rangs if rang["paye"]][-MOIS_DE_LA_MOYENNE:]
    moyenne = sum(couts) / len(couts) if couts else 0
    for i, rang in enumerate(rangs):
        mois = _mois(premier + i)
        rang["methode"] = "chain_ladder" if rang["paye"] else "moyenne"
        if not rang["paye"]:
            rang.update(ultime=moyenne * (1 - _part_developpee(cumuls, taille - i - 1)), facteur=0.0)
        rang["liquide"] = liquides.get(mois, 0)
        rang["provision"] = max(0, rang["ultime"] - rang["paye"] - rang["liquide"])
        rang["mois"] = date.fromisoformat(f"{mois}-01")
    return {"mois": [_mois(premier + i) for i in range(taille)],
            "cumuls": [cumul + [False] * (taille - len(cumul)) for cumul in cumuls], "facteurs": facteurs, "rangs": rangs}
