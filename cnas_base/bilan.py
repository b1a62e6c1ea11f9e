"""Le compte rendu d'une action groupée : ce qui a été fait, ce qui ne l'a pas été, et où le voir."""


def bilan(message, voir=None, alerte=False):
    """Rend l'action qui montre un compte rendu à qui a agi.

    :param str message: la phrase entière
    :param voir: action de fenêtre qu'ouvre « Voir »
    :param bool alerte: tout n'est pas passé
    """
    return {"type": "ir.actions.client", "tag": "cnas_bilan", "params": {"message": message, "voir": voir, "alerte": alerte}}


def fiche_suivante(enregistrement, message):
    """Rend l'action qui remplace la fiche ouverte par celle-ci, en disant ce qui vient d'être fait."""
    return {"type": "ir.actions.client", "tag": "cnas_fiche_suivante", "params": {
        "message": message, "action": {
            "type": "ir.actions.act_window", "res_model": enregistrement._name, "res_id": enregistrement.id,
            "views": [(False, "form")], "name": enregistrement.display_name}}}
