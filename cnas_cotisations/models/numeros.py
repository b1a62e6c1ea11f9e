"""Tirer des numéros sans trou, d'un coup : chacun attend son tour (`cnas.compteur.mixin`), quel que soit leur nombre."""


def tirer(env, code, annees):
    """Rend un numéro « PRÉFIXE/ANNÉE/000001 » par année donnée, dans l'ordre.

    :param code: code de l'`ir.sequence` (« no_gap ») qui porte le préfixe et le rang
    :param annees: une année par numéro voulu
    """
    annees = list(annees)
    if not annees:
        return []
    sequence = env["ir.sequence"].sudo().search([("code", "=", code)], limit=1)
    cle = (sequence.id, 0)
    premier = env["cnas.compteur_sequence"].sudo()._reserver({cle: len(annees)}, {cle: sequence.number_next - 1})[cle]
    return [f"{sequence.prefix}/{annee}/{rang:0{sequence.padding}d}" for rang, annee in enumerate(annees, premier)]
